from html import escape

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 1.5rem; }
form { display: grid; gap: .75rem; margin-bottom: 2rem; }
label { display: grid; gap: .25rem; font-size: .875rem; }
input, textarea, button { font: inherit; padding: .5rem .75rem; border: 1px solid #8888; border-radius: .5rem; }
button { background: #1d4ed8; color: #fff; border: 0; justify-self: start; cursor: pointer; }
:focus-visible { outline: 3px solid #60a5fa; outline-offset: 2px; }
ol { list-style: none; padding: 0; }
li { border-top: 1px solid #8884; padding: .75rem 0; }
li p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
small { color: #777; }
"""


def show_page(entries, replica):
    items = "\n".join(_show_entry(entry) for entry in entries) or "<li>No entries yet: write the first.</li>"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Guestbook</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Guestbook</h1>
<form method="post" action="/">
<label>Name <input name="name" required maxlength="60" autocomplete="name"></label>
<label>Message <textarea name="text" required maxlength="500" rows="3"></textarea></label>
<button>Sign the guestbook</button>
</form>
<ol>
{items}
</ol>
</main>
<footer><small>Answered by <strong>{escape(replica)}</strong></small></footer>
</body>
</html>
"""


def _show_entry(entry):
    at = escape(entry["at"])
    return (
        f"<li><p>{escape(entry['text'])}</p>"
        f"<small>{escape(entry['name'])}, <time datetime=\"{at}\">{at[:16].replace('T', ' ')}</time>,"
        f" taken by {escape(entry['replica'])}</small></li>"
    )
