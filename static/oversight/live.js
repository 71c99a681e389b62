/* What every page does by itself: it follows the socket, says when it is late, and keeps times in words true.

   The socket sends fragments that htmx swaps in by their id. One of them, #news, tells what has changed by topics:
   whoever carries one of these in `data-live` is told `stale`, and fetches itself through its own view. */
(() => {
  "use strict";
  const SILENT = 11_000; // the server sends something at least every 5 s
  const CLOSED_LATE = 4_000; // a socket that is closed opens again much sooner, if it can
  const POLL = 10_000;
  const PAUSE = 1_000; // between two fetches of one part, and longer where they take long
  const LONGEST_PAUSE = 3_000;
  const AGAIN = 3_000; // after a fetch that failed
  const SETTLED = htmx.config.defaultSettleDelay + 10; // only then does a part that has just come know what to do
  const REMEMBERED = 60_000;
  const SIGNED_OUT = [4001, 4003]; // or without the role: reloading says which
  const REOPENED = [1006, 1011, 1012, 1013]; // by htmx itself
  const PUSHES = ["stale", "calm"]; // events by which parts fetch themselves
  const MOST_ROWS = 100;

  const page = document.documentElement;
  const news = () => document.getElementById("news");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The socket: it begins where the page, or the last news, ended.

  let socket, reopen, opened, heard = Date.now(), closed = 0, everHeard = false;

  htmx.createWebSocket = (address) => {
    const from = new URL(address);
    from.searchParams.set("since", news().dataset.position);
    from.searchParams.set("alarmed", news().dataset.alarmed);
    if (document.getElementById("feed")) from.searchParams.set("feed", "1");
    opened = Date.now();
    return socket = new WebSocket(from);
  };
  htmx.config.wsReconnectDelay = (tries) => Math.min(250 * 2 ** tries, 3000) * (0.5 + Math.random() / 2);

  document.addEventListener("htmx:wsOpen", (event) => { reopen = event.detail.socketWrapper.reconnect; });
  document.addEventListener("htmx:wsClose", ({ detail }) => {
    const { code } = detail.event;
    reopen = detail.socketWrapper.reconnect;
    closed ||= Date.now();
    if (SIGNED_OUT.includes(code)) leave();
    else if (!REOPENED.includes(code)) setTimeout(reopen, POLL * (0.5 + Math.random() / 2));
  });

  // After a night's sleep a socket may be dead, and not know it.
  const replaceSocket = () => {
    socket.onclose = socket.onerror = null;
    socket.close();
    reopen();
  };

  // What somebody has typed is worth more than a fresh page; and who signs out here is on the way already, perhaps by
  // the provider's own page.
  const ON_THE_WAY = 10_000;
  let left = -ON_THE_WAY;
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) left = Date.now(); });
  const leave = () => {
    if (Date.now() - left < ON_THE_WAY) { setTimeout(leave, ON_THE_WAY); return; }
    if (everHeard && !all("input, select, textarea").some(isTouched)) location.reload();
    else setSignedOut(true);
  };

  // Who was asked to sign in elsewhere and comes back goes on here: by the new mark for forms, with what they typed.
  const signedOut = () => document.getElementById("signed-out");
  const setSignedOut = (out) => { signedOut().hidden = !out; };
  document.addEventListener("signed-out", ({ detail }) => {
    if (detail.elt?.matches("[hx-post]")) setSignedOut(true);
    else leave();
  });
  const goOn = async () => {
    if (signedOut().hidden || document.hidden) return;
    const answer = await fetch(location.href).catch(() => null); // away: the next look tells
    if (!answer?.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const mark = fresh.querySelector("[name=csrfmiddlewaretoken]")?.value;
    const who = (root) => root.querySelector("[data-person]")?.dataset.person;
    if (!mark || who(fresh) !== who(document)) return; // what one has typed is not sent as another
    for (const field of all("[name=csrfmiddlewaretoken]")) field.value = mark;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": mark }));
    setSignedOut(false);
    if (socket.readyState === WebSocket.CLOSED) reopen?.();
  };
  window.addEventListener("focus", goOn);
  document.addEventListener("visibilitychange", goOn);

  document.addEventListener("htmx:wsAfterMessage", () => {
    heard = Date.now();
    closed = 0;
    everHeard = true;
    setDelayed(news().dataset.delayed === "yes");
    const topics = news().dataset.topics.split(" ").filter(Boolean);
    news().dataset.topics = "";
    if (topics.length) hear(topics);
    for (const feed of all("#feed")) for (const row of all(":scope > *", feed).slice(feed.dataset.most ?? MOST_ROWS)) row.remove();
    countWaiting();
    tell();
  });

  // A page may have been drawn a moment after the position that its news goes on from: no row comes twice.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    for (const row of all(".event[id]", event.detail.fragment)) if (document.getElementById(row.id)) row.remove();
  });

  const setDelayed = (late) => {
    const banner = document.getElementById("delayed");
    if (banner.hidden === late) banner.hidden = !late;
    page.dataset.live = late ? "delayed" : "live";
  };
  setInterval(() => {
    const now = Date.now(), silent = now - heard > SILENT;
    if (silent || (closed && now - closed > CLOSED_LATE)) setDelayed(true);
    if (silent && !closed && reopen && now - opened > SILENT) replaceSocket();
  }, 1000);
  // While the socket is silent the parts are fetched all the same, more slowly.
  setInterval(() => { if (page.dataset.live === "delayed") goStale(["*"]); }, POLL);

  // Parts that are stale: each fetches itself at once, and then not again too soon; a hidden page waits.

  const parts = new WeakMap();
  const partOf = (one) => parts.get(one) ?? parts.set(one, { next: 0, timer: 0, began: 0, asks: 0, again: false }).get(one);

  const goStale = (topics, except = page) => {
    const wanted = new Set(topics);
    for (const one of all("[data-live]")) {
      if (one !== page && one !== except && (wanted.has("*") || one.dataset.live.split(" ").some((topic) => wanted.has(topic)))) fetchSoon(one);
    }
  };
  const fetchSoon = (one) => {
    const part = partOf(one);
    part.timer ||= setTimeout(() => fetchNow(one, part), Math.max(SETTLED, part.next - Date.now()));
  };
  const fetchNow = (one, part) => {
    if (document.hidden) { part.timer = -1; return; }
    part.timer = 0;
    // htmx would keep a second question in a queue, which goes when another answer swaps the part meanwhile.
    if (part.asks) { part.again = true; return; }
    part.next = Date.now() + PAUSE;
    // To it alone: the part around it has topics of its own.
    if (one.isConnected) one.dispatchEvent(new CustomEvent("stale"));
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const one of all("[data-live]")) {
      const part = partOf(one);
      if (part.timer === -1) fetchNow(one, part);
    }
  });
  const isPush = ({ detail }) => PUSHES.includes(detail.requestConfig?.triggeringEvent?.type);
  const isPassing = (status) => status === 0 || status === 429 || status >= 500;
  document.addEventListener("htmx:beforeSend", (event) => {
    if (!isPush(event)) return;
    const part = partOf(event.detail.requestConfig.elt);
    part.began = Date.now();
    part.asks += 1;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isPush(event)) return;
    const { requestConfig: { elt }, xhr } = event.detail, part = partOf(elt), failed = isPassing(xhr.status);
    const pause = failed ? AGAIN : Math.min(10 * (Date.now() - part.began), LONGEST_PAUSE);
    part.next = Math.max(part.next, Date.now() + pause);
    part.asks -= 1;
    if (failed || part.again) fetchSoon(elt);
    part.again = false;
  });

  // An answer may be older than news that came while it was under way: who was not there yet, or is drawn anew by it,
  // would never hear of them.
  const askedAt = new WeakMap();
  let lately = [];
  const hear = (topics) => {
    const at = Date.now();
    lately = [...lately.filter((one) => at - one.at < REMEMBERED), { at, topics }];
    goStale(topics);
  };
  document.addEventListener("htmx:beforeSend", ({ detail }) => askedAt.set(detail.xhr, Date.now()));
  const makeUpFor = ({ xhr }, asker) => {
    const since = lately.filter(({ at }) => at >= askedAt.get(xhr));
    goStale(since.flatMap(({ topics }) => topics), asker);
  };
  document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.successful) makeUpFor(detail, detail.elt); });

  // Who asked may be gone from the page meanwhile, as a row that somebody else decided. What else the answer brings has
  // its place in the page all the same, and htmx tells nobody that it has come.
  const isGone = ({ requestConfig }) => requestConfig && !requestConfig.elt.isConnected;
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (isGone(detail)) detail.requestConfig.elt.getRootNode = () => document;
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (isGone(detail)) makeUpFor(detail, detail.requestConfig.elt);
  });

  // A push leaves alone what somebody does meanwhile: fields, in which they typed or chose, and what they opened.

  const isTouched = (field) => {
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    if (field.matches("select")) return all("option", field).some((option) => option.selected !== option.defaultSelected);
    return field.type !== "hidden" && field.value !== field.defaultValue;
  };
  const isMine = (name, element) => {
    if (name === "value" || name === "checked") return element.matches("input, textarea") && isTouched(element);
    if (name === "selected") return Boolean(element.closest("select")) && isTouched(element.closest("select"));
    return name === "open" && element.matches("details, dialog");
  };
  // As idiomorph's own extension, which takes every other swap out of band for one of the whole element, too (0.8.0).
  const morphs = (style) => style === "morph";
  htmx.defineExtension("morph", {
    isInlineSwap: morphs,
    handleSwap: (style, target, fragment) => morphs(style) && Idiomorph.morph(target, fragment.children),
  });
  let pushing = false;
  Idiomorph.defaults.ignoreActiveValue = true;
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !(pushing && isMine(name, element));
  document.addEventListener("htmx:beforeSwap", (event) => {
    pushing = isPush(event);
    // What cannot be fetched at this moment stays as it was: a toast each time would help nobody.
    if (pushing && event.detail.xhr.status >= 400) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSwap", () => {
    pushing = false;
    tell();
    countWaiting();
  });

  // A form that is on its way is not sent once more: a second click is no second wish.

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".htmx-request")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // Something was done by a form: it closes, and what it may have changed is fetched.

  document.addEventListener("done", ({ target }) => {
    const form = target.closest("form");
    form?.reset();
    form?.closest("details")?.removeAttribute("open");
    for (const part of all("main :is([data-live], [data-calm])")) part.dispatchEvent(new CustomEvent("stale"));
  });

  // What waits for people stands in the title and in the small picture of the tab.

  const countWaiting = () => {
    const waiting = all(".count[data-waiting]").reduce((sum, one) => sum + Number(one.dataset.waiting), 0);
    const title = document.title.replace(/^\(\d+\+?\) /, "");
    const wanted = waiting ? `(${waiting > 99 ? "99+" : waiting}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
    const icon = document.querySelector("link[rel=icon]");
    const address = waiting ? icon.dataset.waiting.replace("/0.", `/${Math.min(waiting, 100)}.`) : icon.dataset.plain;
    if (icon.getAttribute("href") !== address) icon.setAttribute("href", address);
  };

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
