// What the pages do beyond what they say: they count what is typed, and know who is signed in.

// A token for whoever is signed in, made anew before it ends; null for nobody. The cookie itself is out of reach.
let known = null;
export async function token() {
  if (known && known.until > Date.now()) return known.token;
  const answer = await fetch("/session/token", { headers: { accept: "application/json" } });
  if (!answer.ok) return null;
  known = { token: (await answer.json()).token, until: Date.now() + 120_000 };
  return known.token;
}

// Code points, as the server counts them: an emoji is one.
function count(area) {
  const left = Number(area.dataset.most) - [...area.value.normalize("NFC").trim()].length;
  const output = area.form.querySelector("output.left");
  output.textContent = area.value ? `${left} left.` : "";
  output.classList.toggle("over", left < 0);
}

document.addEventListener("input", ({ target }) => {
  if (target.matches?.("textarea[data-most]")) count(target);
});
document.querySelectorAll("textarea[data-most]").forEach(count);
