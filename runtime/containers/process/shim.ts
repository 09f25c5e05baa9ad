// The POSIX shell script that stands between a node and a container's program, one for each container. It outlives the
// node, holds the log pipe, and writes down what started and how it ended. Everything but `cat` (and `mkfifo`, where the
// node had no pipe to spare) is built in.

/**
 * `sh -c SHIM kinora-shim DIRECTORY PROGRAM ARGUMENT…`, with the program's own environment.
 * Writes `started` (pid and start time in ticks, of the program and of the shim; cat's pid) and `exit` (status as a shell counts it).
 *
 * - Monitor mode gives the program a process group of its own; a shell that refuses it without a terminal uses setsid.
 * - A pipe, not the file: `> /dev/stdout` in the program would truncate a file.
 * - Names begin with _kinora_: an assignment to a name in the environment would reach the program.
 * - Both ends are opened here, for which 9 stands in for the other: whoever opened an end alone would wait for one that
 *   may be killed before it comes.
 * - What the program leaves behind in its group dies with it, as in a container.
 */
export const SHIM = `
_kinora_dir=$1; shift
set -m 2>/dev/null
case $- in *m*) _kinora_own= ;; *) _kinora_own=setsid ;; esac
[ -p "$_kinora_dir/pipe" ] || mkfifo -m 600 "$_kinora_dir/pipe" || exit 70
exec 9<>"$_kinora_dir/pipe" 8<"$_kinora_dir/pipe" 7>"$_kinora_dir/pipe" 9>&-
cat <&8 >>"$_kinora_dir/log" 7>&- 8<&- &
_kinora_cat=$!
$_kinora_own "$@" </dev/null >&7 2>&1 7>&- 8<&- &
_kinora_pid=$!
exec 7>&- 8<&-
read -r _kinora_stat <"/proc/$_kinora_pid/stat"
set -- \${_kinora_stat##*) }
_kinora_at=\${20}
read -r _kinora_stat <"/proc/$$/stat"
set -- \${_kinora_stat##*) }
echo "$_kinora_pid $_kinora_at $$ \${20} $_kinora_cat" >"$_kinora_dir/started"
wait "$_kinora_pid"
echo $? >"$_kinora_dir/exit"
kill -KILL "-$_kinora_pid"
wait "$_kinora_cat"
`
