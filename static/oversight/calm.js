/* Parts that hear of news more often than anybody can read: with `data-calm` they are told `calm` at most once in as
   many milliseconds, and of the last news always. They are told now and then without news, too, as it is news that
   nothing happens any more. While nobody looks at the page, or a form in the part is open, it waits. */
(() => {
  "use strict";
  const LOOK_AGAIN = 1_000;
  const AT_LEAST = 10_000;
  const waiting = new Map();
  const toldAt = new WeakMap();

  const isFilledIn = (part) => part.querySelector("details[open] form, form:focus-within") !== null;

  const tell = (part) => {
    if (part.isConnected && (document.hidden || isFilledIn(part))) {
      waiting.set(part, setTimeout(tell, LOOK_AGAIN, part));
      return;
    }
    waiting.delete(part);
    toldAt.set(part, Date.now());
    if (part.isConnected) htmx.trigger(part, "calm");
  };

  document.addEventListener("stale", ({ target }) => {
    if (!target.matches("[data-calm]") || waiting.has(target)) return;
    const left = (toldAt.get(target) ?? 0) + Number(target.dataset.calm) - Date.now();
    waiting.set(target, setTimeout(tell, Math.max(0, left), target));
  }, true);
  const allStale = () => {
    for (const part of document.querySelectorAll("[data-calm]")) part.dispatchEvent(new CustomEvent("stale"));
  };
  setInterval(allStale, AT_LEAST);
})();
