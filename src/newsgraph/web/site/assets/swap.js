// A page that mends itself: its [data-swap] is fetched anew from the server, which alone makes HTML.

let running = null, wanted = false;

// Sends a form (or asks for the address), and puts what comes into the place of what is there.
export async function swap(form = null, button = null) {
  const place = document.querySelector("[data-swap]");
  const answer = await (form ? send(form, button) : fetch(location.href));
  const text = await answer.text();
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-swap]");
  if (!fresh) {
    location.assign(answer.url);
    return null;
  }
  const kept = remember(place);
  place.replaceWith(document.adoptNode(fresh));
  kept(fresh);
  return fresh;
}

function send(form, button) {
  return fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
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

// What was focused is focused again, and what was typed stays.
function remember(place) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const id = focused?.closest("[id]")?.id;
  const typed = [...place.querySelectorAll("input[id]")].filter((one) => one.value !== one.defaultValue);
  return (fresh) => {
    for (const one of typed) {
      const same = fresh.querySelector(`#${CSS.escape(one.id)}`);
      if (same) same.value = one.value;
    }
    if (id) fresh.querySelector(`#${CSS.escape(id)}`)?.focus({ preventScroll: true });
  };
}
