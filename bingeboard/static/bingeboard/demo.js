// Makes the demo page answer without loading anew: sends its forms, puts the new board in, shows what moved.
// Without this script every button still works, by loading the page.
"use strict";

(function () {
  const place = document.getElementById("board");
  if (!place) return;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const slide = { duration: 520, easing: "cubic-bezier(.2, .8, .2, 1)" };

  function spots() {
    const found = new Map();
    for (const card of place.querySelectorAll("#list [data-show]")) {
      found.set(card.dataset.show, card.getBoundingClientRect());
    }
    return found;
  }

  function animate(before) {
    if (calm.matches) return;
    for (const card of place.querySelectorAll("#list [data-show]")) {
      const was = before.get(card.dataset.show);
      const is = card.getBoundingClientRect();
      if (!was) {
        card.animate([{ opacity: 0, transform: "scale(.92)" }, { opacity: 1, transform: "none" }], slide);
      } else if (was.left !== is.left || was.top !== is.top) {
        const shift = `translate(${was.left - is.left}px, ${was.top - is.top}px)`;
        card.animate([{ transform: shift }, { transform: "none" }], slide);
      }
    }
  }

  // The button pressed may be gone; whoever uses the keyboard goes on from the same place.
  function focusAgain(asked, position) {
    const where = position < 0 ? place : document.getElementById("list");
    const same = where.querySelector(`[name="do"][value="${CSS.escape(asked)}"]`);
    const card = place.querySelectorAll("#list [data-show]")[Math.max(position, 0)];
    const next = same || (card && card.querySelector(`.${asked.split(":")[0]}`)) || place.querySelector(".said button");
    (next || document.getElementById("main")).focus({ preventScroll: true });
  }

  async function load(address, options) {
    const response = await fetch(address, { ...options, headers: { "X-Fragment": "board" }, credentials: "same-origin" });
    const html = await response.text();
    // A cookie that has ended is answered with the page on which one chooses.
    if (!response.ok || response.redirected || !html.includes('id="act"')) throw new Error(`answered ${response.status}`);
    return html;
  }

  function show(html) {
    const before = spots();
    place.innerHTML = html;
    animate(before);
    // A status region is read out when its text changes, not when it comes with the page.
    const status = document.getElementById("told");
    const words = [...status.childNodes];
    status.replaceChildren();
    requestAnimationFrame(() => status.replaceChildren(...words));
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id !== "act" || !event.submitter) return;
    event.preventDefault();
    if (place.dataset.busy) return;
    const button = event.submitter;
    const card = button.closest("[data-show]");
    const position = card ? [...card.parentNode.children].indexOf(card) : -1;
    const asked = button.value;
    const body = new FormData(form);
    body.append(button.name, button.value);
    place.dataset.busy = "yes";
    (card || button).classList.add("pending");
    try {
      show(await load(form.action, { method: "POST", body }));
      focusAgain(asked, position);
    } catch (error) {
      // Whatever it was, a page loaded anew says it better.
      window.location.assign(window.location.pathname);
    } finally {
      delete place.dataset.busy;
    }
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.classList.contains("search")) return;
    event.preventDefault();
    const address = `${form.action.split("?")[0]}?${new URLSearchParams(new FormData(form))}`;
    try {
      show(await load(address, {}));
      window.history.replaceState(null, "", address);
      const found = document.getElementById("found-title");
      if (found) found.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
    } catch (error) {
      window.location.assign(address);
    }
  });
})();
