#!/bin/sh
# Does nothing until told to stop: what a pod needs that is only there to hold a place.
trap 'kill $! 2>/dev/null; exit 0' TERM INT
while :; do
  sleep 86400 &
  wait $!
done
