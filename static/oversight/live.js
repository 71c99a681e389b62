/* What every page does by itself: it follows the socket, says when it is late, and keeps times in words true.

   The socket sends fragments that htmx swaps in by their id. One of them, #news, tells what has changed by topics:
   whoever carries one of these in `data-live` is told `stale`, and fetches itself through its own view. */
(() => {
  "use strict";
  const BEAT_LATE = 12_000; // the server sends something at least every 5 s
  const POLL = 10_000;
  const GONE = [4001, 4003]; // signed out, or without the role: reloading says which

  const page = document.documentElement;
  let heard = Date.now();

  const news = () => document.getElementById("news");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The socket begins where the page, or the last news, ended.
  htmx.createWebSocket = (address) => {
    const from = new URL(address);
    from.searchParams.set("since", news()?.dataset.position ?? "");
    return new WebSocket(from);
  };
  htmx.config.wsReconnectDelay = (tries) => Math.min(250 * 2 ** tries, 3000) * (0.5 + Math.random() / 2);
  if (window.Idiomorph) Idiomorph.defaults.ignoreActiveValue = true;

  const setDelayed = (late) => {
    const banner = document.getElementById("delayed");
    if (banner && banner.hidden === late) banner.hidden = !late;
    page.dataset.live = late ? "delayed" : "live";
  };

  const goStale = (topics) => {
    for (const one of all("[data-live]")) {
      const wanted = one.dataset.live.split(" ");
      if (topics === null || wanted.some((topic) => topics.has(topic))) htmx.trigger(one, "stale");
    }
  };

  const countWaiting = () => {
    const waiting = all("[data-waiting]").reduce((sum, one) => sum + Number(one.dataset.waiting), 0);
    const title = document.title.replace(/^\(\d+\+?\) /, "");
    document.title = waiting ? `(${waiting > 99 ? "99+" : waiting}) ${title}` : title;
    const icon = document.querySelector("link[rel=icon]");
    const wanted = waiting ? icon.dataset.waiting.replace("/0.", `/${Math.min(waiting, 100)}.`) : icon.dataset.plain;
    if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  };

  document.addEventListener("htmx:wsAfterMessage", () => {
    heard = Date.now();
    setDelayed(news()?.dataset.delayed === "yes");
    const topics = (news()?.dataset.topics ?? "").split(" ").filter(Boolean);
    if (topics.length) {
      news().dataset.topics = "";
      goStale(topics.includes("*") ? null : new Set(topics));
    }
    countWaiting();
    tell();
  });
  document.addEventListener("htmx:wsClose", (event) => {
    if (GONE.includes(event.detail.event.code)) location.reload();
  });

  setInterval(() => {
    const late = Date.now() - heard > BEAT_LATE;
    if (late) setDelayed(true);
  }, 1000);
  // While the socket is silent the lists are fetched, more slowly.
  setInterval(() => {
    if (page.dataset.live === "delayed" && !document.hidden) goStale(null);
  }, POLL);

  // Moments in words. `data-when` is told from now, `data-due` counts down to its moment and then up.
  const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const inWords = (seconds) => {
    const whole = Math.abs(Math.round(seconds));
    const [unit, size] = UNITS.find(([, length]) => whole >= length) ?? UNITS[3];
    const rest = unit === "h" && whole < 36000 ? ` ${Math.floor((whole % 3600) / 60)} min` : "";
    return `${Math.floor(whole / size)} ${unit}${rest}`;
  };
  const tell = () => {
    const now = Date.now();
    for (const one of all("time[data-when]")) {
      const text = `${inWords((now - Date.parse(one.dateTime)) / 1000)} ago`;
      if (one.textContent !== text) one.textContent = text;
    }
    for (const one of all("time[data-due]")) {
      const left = (Date.parse(one.dateTime) - now) / 1000;
      const text = left >= 0 ? `${inWords(left)} left` : `${inWords(left)} late`;
      if (one.textContent !== text) one.textContent = text;
      one.classList.toggle("late", left < 0);
    }
  };
  setInterval(tell, 1000);
  document.addEventListener("htmx:afterSwap", () => { tell(); countWaiting(); });

  // A toast goes by itself, unless somebody is reading it.
  const dismiss = (toast) => {
    if (toast.matches(":hover, :focus-within")) setTimeout(dismiss, 3000, toast);
    else toast.remove();
  };
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      if (node.matches?.(".toast:not([data-stays])")) setTimeout(dismiss, 8000, node);
    }
  }).observe(document.getElementById("toasts"), { childList: true });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-close], .menu-button, [data-opens]");
    if (!button) return;
    if (button.matches("[data-close]")) button.closest(button.dataset.close).remove();
    if (button.matches(".menu-button")) {
      button.setAttribute("aria-expanded", button.getAttribute("aria-expanded") !== "true");
    }
    if (button.matches("[data-opens]")) document.getElementById(button.dataset.opens)?.showModal();
  });

  tell();
  countWaiting();
})();
