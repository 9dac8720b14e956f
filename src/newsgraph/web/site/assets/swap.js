// A page that mends itself: its [data-swap] is fetched anew from the server, which alone makes HTML.

let running = null, wanted = false, last = Promise.resolve(), held = Promise.resolve();

// Nothing is put into its place until the function that this returns is called.
export function hold() {
  let release;
  held = new Promise((done) => (release = done));
  return release;
}

// Sends a form (or asks for the address), and puts what comes into the place of what is there. One after another: an
// answer that was long on its way would put something old in the place of something new.
export function swap(form = null, button = null) {
  const body = form && new URLSearchParams(new FormData(form, button)); // as it is now
  last = last.catch(() => {}).then(() => once(form, body));
  return last;
}

async function once(form, body) {
  const answer = await (form ? fetch(form.action, { method: "POST", body }) : fetch(location.href));
  const text = await answer.text();
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-swap]");
  if (!fresh) {
    location.assign(answer.url);
    return null;
  }
  await held;
  const place = document.querySelector("[data-swap]");
  const kept = remember(place);
  if (!form) keep(place, fresh);
  place.replaceWith(document.adoptNode(fresh));
  kept(fresh);
  return fresh;
}

// As soon as it may be, and once for many who ask.
export function refresh() {
  wanted = true;
  running ??= (async () => {
    while (wanted) {
      wanted = false;
      await swap().catch(() => {});
    }
    running = null;
  })();
  return running;
}

// What was said of one's own deed stays when others' deeds make the page anew: [data-keep].
function keep(place, fresh) {
  const said = place.querySelector("[data-keep]");
  if (said?.childElementCount) fresh.querySelector("[data-keep]")?.replaceWith(said);
}

// What was focused is focused again, in the element of the same id; and what was typed stays.
function remember(place) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const holder = focused?.closest("[id]");
  const nth = holder ? within(holder).indexOf(focused) : -1;
  const typed = [...place.querySelectorAll("input[id]")].filter((one) => one.value !== one.defaultValue);
  return (fresh) => {
    const same = (one) => fresh.querySelector(`#${CSS.escape(one.id)}`);
    for (const one of typed) if (same(one)) same(one).value = one.value;
    const found = holder && same(holder);
    if (!found) return;
    const other = within(found);
    (nth < 0 ? found : other[nth]?.disabled === false ? other[nth] : other.find((one) => !one.disabled))?.focus({ preventScroll: true });
  };
}

const within = (holder) => [...holder.querySelectorAll("button, a, input:not([type=hidden])")];
