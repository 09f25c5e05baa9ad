// The guestbook as HTML. Whatever visitors wrote is text, never markup.

const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** A hue for each pod, so that one sees at a glance when another one answers. */
const hueOf = (name) => [...name].reduce((hue, character) => (hue * 31 + character.charCodeAt(0)) % 360, 7)

const entryLine = ({ text, at }) =>
  `<li><p>${escaped(text)}</p><time datetime="${escaped(at)}">${escaped(at.slice(0, 16).replace('T', ' '))}</time></li>`

export function page({ pod, entries, failure }) {
  const list = [...entries].reverse().map(entryLine).join('\n')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Guestbook</title>
<style>
  :root { --hue: ${hueOf(pod)}; color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; }
  h1 { margin: 0; font-size: 1.9rem; }
  .pod { display: inline-block; padding: .15rem .7rem; border-radius: 1rem; color: #fff; background: hsl(var(--hue) 55% 38%);
         font-family: ui-monospace, monospace; font-size: .85rem; }
  form { display: flex; gap: .5rem; margin: 1.5rem 0; }
  input { flex: 1; font: inherit; padding: .5rem .7rem; border: 1px solid #8888; border-radius: .5rem; }
  button { font: inherit; padding: .5rem 1.1rem; border: 0; border-radius: .5rem; color: #fff; background: hsl(var(--hue) 55% 38%); }
  ul { list-style: none; padding: 0; }
  li { padding: .6rem 0; border-top: 1px solid #8884; }
  li p { margin: 0; overflow-wrap: anywhere; }
  time { font-size: .8rem; opacity: .65; }
</style>
<h1>Guestbook</h1>
<p>This page comes from pod <span class="pod">${escaped(pod)}</span>. Reload it, and another one may answer.</p>
<form method="post" action="/"><input name="text" maxlength="280" placeholder="Leave a line" required autofocus><button>Sign</button></form>
${failure ? `<p role="alert">The store does not answer (${escaped(failure)}). Entries are back as soon as it is.</p>` : ''}
<ul>
${list || (failure ? '' : '<li><p>Nobody has signed yet.</p></li>')}
</ul>
`
}
