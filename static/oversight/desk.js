/* The review desk at the keyboard: keys, focus, the time that a look takes, picking several, and keeping what is typed. */
(() => {
  "use strict";
  const RENEW = 60_000; // the server writes it down far less often
  const SEEN = 0.3; // seconds
  const OFF = "desk-keys-off";

  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const card = () => one("#open");
  const act = (name) => one(`#act-${name}`);
  const openAct = () => one("#acts details[name=act][open]");
  const ended = () => one("#standing [data-ended]");

  // How long the open one was looked at: only while the page is in sight.
  let looked = 0;
  let since = document.hidden ? null : performance.now();
  const seconds = () => (looked + (since === null ? 0 : performance.now() - since)) / 1000;
  const beginLook = () => { looked = 0; since = document.hidden ? null : performance.now(); };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { looked += since === null ? 0 : performance.now() - since; since = null; }
    else since = performance.now();
  });
  // Seconds at those that were left undecided: they count when these are picked.
  const looks = new Map();
  const lookedAt = (ids) => ids.reduce((sum, id) => sum + (looks.get(id) ?? 0), 0);
  document.addEventListener("htmx:configRequest", ({ detail: { elt, parameters } }) => {
    if (!parameters.has?.("seconds_spent") || elt.matches(".several-waiting")) return; // those know theirs
    const before = elt.id === "picked" ? lookedAt(parameters.getAll("selected")) : 0;
    parameters.set("seconds_spent", (before + seconds()).toFixed(1));
  });

  // A reservation lasts while somebody sees it, and ends when they leave.
  setInterval(() => { if (!document.hidden && one("#claim")) htmx.trigger("#claim", "renew"); }, RENEW);
  window.addEventListener("pagehide", () => {
    const claim = one("#claim");
    if (!claim) return;
    const said = new FormData();
    said.set("csrfmiddlewaretoken", one("[name=csrfmiddlewaretoken]").value);
    navigator.sendBeacon(claim.dataset.release, said);
  });

  // From the moment that another one is there: what is done before anybody has seen it counts for nothing.
  let there = card();
  let byItself = false;
  let offered = location.pathname === one("[data-desk]").dataset.desk.split("?")[0]; // not asked for by name
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (card() === there) return;
    if (card()?.dataset.open !== there?.dataset.open) {
      if (there) looks.set(there.dataset.open, lookedAt([there.dataset.open]) + seconds());
      beginLook();
    }
    there = card();
    byItself = offered = Boolean(detail.requestConfig?.elt.matches("#open"));
  });

  // Focus goes to what was opened by the person, never because something came by itself.
  let shown = card();
  document.addEventListener("htmx:afterSettle", () => {
    keepPicked();
    if (card() === shown) { keepDraft(); return; }
    shown = card();
    bringDraft();
    if (byItself) return;
    one("#open-title")?.focus({ preventScroll: true });
    card()?.scrollIntoView({ block: "nearest" });
    one("#queue [aria-current]")?.scrollIntoView({ block: "nearest" });
  });

  // A form opens with its first field at hand: at once by a key, as the next one may follow right behind it.
  const firstField = (details) => one("input:not([type=hidden]), textarea, select", details);
  const begin = (details) => {
    const field = firstField(details);
    field?.focus();
    if (field?.matches("input:not([type=radio]), textarea")) field.select();
    details.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches?.("#acts > details[name=act][open]")) return;
    if (target.contains(document.activeElement) && !document.activeElement.matches("summary")) return;
    begin(target);
  }, true);

  // What is typed counts only where it differs from what stood there.
  const typed = () =>
    all("#acts textarea, #acts input:not([type=hidden], [type=radio])")
      .filter((field) => field.value.trim() && field.value !== field.defaultValue)
      .map((field) => field.value.trim());

  const fields = () => all("#acts :is(textarea, select, input:not([type=hidden], [type=radio])), #comment-text");
  const isChanged = (field) => field.matches("select")
    ? [...field.options].some((option) => option.selected !== option.defaultSelected)
    : field.value !== field.defaultValue;

  // What is typed and not sent is kept for its decision and its author, and is there again when they come back to it.
  const draft = () => `desk-draft ${one("[data-person]").dataset.person} ${card()?.dataset.open}`;
  const keepDraft = () => {
    const said = fields().filter(isChanged).map((field) => [field.id, field.value]);
    try {
      if (said.length) sessionStorage.setItem(draft(), JSON.stringify(said));
      else sessionStorage.removeItem(draft());
    } catch { /* the browser keeps no more: it stands on the page alone */ }
  };
  const bringDraft = () => {
    for (const [id, value] of JSON.parse(sessionStorage.getItem(draft()) ?? "[]")) {
      const field = document.getElementById(id);
      if (!field) continue;
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true })); // by it the difference is drawn
    }
  };

  const say = (text, tone) => {
    const toast = document.createElement("div");
    toast.className = `toast toast-${tone}`;
    toast.setAttribute("role", "status");
    toast.textContent = text;
    one("#toasts").append(toast);
  };

  // Decided by somebody else: the buttons rest, the text stays, and can be taken along.
  const rest = () => {
    const over = ended();
    if (!over) return;
    for (const button of all("#acts [type=submit]")) button.disabled = true;
    one("#claim")?.remove();
    const kept = typed().length > 0;
    one(".kept", over).hidden = !kept;
    one("[data-keep=comment]", over).hidden = !kept || !one("#comment-text");
    one("[data-keep=copy]", over).hidden = !kept || !navigator.clipboard; // there is none without TLS
  };
  document.addEventListener("input", ({ target }) => {
    if (!target.closest?.("#open")) return;
    rest();
    keepDraft();
  });
  // Whose it is, of what nobody asked for by name: where others were faster, the next one comes in its place.
  const giveWay = () => {
    if (!offered || !one("#standing > *")) return;
    offered = false;
    if (!one("#standing :is([data-held], [data-ended])") || openAct() || fields().some(isChanged)) return;
    htmx.ajax("GET", one("[data-desk]").dataset.desk, { source: "#open", target: "#open", swap: "outerHTML" });
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "standing") return;
    rest();
    giveWay();
  });
  const copy = (text) => navigator.clipboard.writeText(text).then(
    () => say("What you typed is in the clipboard.", "good"),
    () => say("The browser did not let it be copied.", "bad"),
  );
  const keep = (how) => {
    const text = typed().join("\n\n");
    if (how === "copy") { copy(text); return; }
    const field = one("#comment-text");
    field.value = [field.value.trim(), text].filter(Boolean).join("\n\n");
    field.focus();
    keepDraft();
  };

  // The queue: those that others look at are passed by.
  const links = () => all("#queue .row:not([data-held]) > .row-link[hx-get]");
  const go = (step) => {
    const rows = all("#queue .row > .row-link[hx-get]");
    const place = rows.findIndex((row) => row.hasAttribute("aria-current"));
    const free = links();
    const next = step > 0
      ? free.find((row) => rows.indexOf(row) > place) ?? (place < 0 || ended() ? free.find((row) => rows.indexOf(row) !== place) : undefined)
      : free.findLast((row) => rows.indexOf(row) < place);
    next?.click();
  };

  // Several at once. What was picked stays picked when the queue is fetched anew.
  const picked = new Set();
  let last = null;
  const boxes = () => all("#queue [name=selected]:not(:disabled)");
  const tellPicked = () => {
    const number = boxes().filter((box) => box.checked).length;
    one("#picked-number").textContent = number ? `${number} picked` : "";
    one("#picked").classList.toggle("has-picked", number > 0);
    one("#pick-all").checked = number > 0 && number === boxes().length;
  };
  const keepPicked = () => {
    if (!one("#picked")) return;
    const asked = new Set(all(".several-waiting [name=selected]").map(({ value }) => value));
    for (const box of all("#queue [name=selected]")) {
      box.disabled = asked.has(box.value);
      box.checked = !box.disabled && picked.has(box.value);
    }
    tellPicked();
  };
  const pick = (box, on) => { box.checked = on; picked[on ? "add" : "delete"](box.value); };
  document.addEventListener("click", (event) => {
    if (event.target.matches?.("#pick-all")) for (const box of boxes()) pick(box, event.target.checked);
    if (event.target.matches?.("#queue [name=selected]")) {
      const row = boxes();
      const [from, to] = [row.findIndex((box) => box.value === last), row.indexOf(event.target)].sort((a, b) => a - b);
      const between = event.shiftKey && from >= 0 ? row.slice(from, to + 1) : [event.target];
      for (const box of between) pick(box, event.target.checked);
      last = event.target.value;
    }
    tellPicked();
    const button = event.target.closest?.("[data-go], [data-keep], .undo, .aside-button");
    if (button?.dataset.go) go(1);
    if (button?.dataset.keep) keep(button.dataset.keep);
    if (button?.matches(".undo")) undo(button);
    if (button?.matches(".aside-button")) {
      button.setAttribute("aria-expanded", button.getAttribute("aria-expanded") !== "true");
    }
  });
  // What was asked for waits by itself: it cannot be picked once more, and the next ones stand beside it.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id !== "picked" || !event.detail.successful) return;
    for (const done of all("#bulk .several-done")) done.remove();
    for (const id of picked) looks.delete(id);
    beginLook(); // it was told with them
    picked.clear();
    keepPicked();
  });
  const undo = (button) => {
    const form = button.closest(".several-waiting");
    if (form.matches(".htmx-request")) return; // it is being decided: nothing calls that off
    for (const one of all("[name=selected]", form)) picked.add(one.value);
    looked += 1000 * form.elements.seconds_spent.value;
    form.remove();
    keepPicked();
  };

  const leave = (field) => {
    const details = openAct();
    if (details) {
      details.open = false;
      one("summary", details).focus();
    } else if (field) {
      field.blur();
    } else if (one("#claim")) {
      htmx.ajax("POST", one("#claim").dataset.release, { target: "#open", swap: "outerHTML" });
      history.replaceState(null, "", one("[data-desk]").dataset.desk);
    }
  };
  const send = (form) => { if (!ended() && !one("[type=submit]", form).disabled) form.requestSubmit(); };

  // A key that was hit twice is no verdict on what has only just come up.
  const approve = () => { if (act("approve") && seconds() > SEEN) send(act("approve")); };
  // Nobody approves a proposal beside a form that says something else of it, or loses a comment by it.
  document.addEventListener("submit", (event) => {
    const field = event.target.id === "act-approve" && fields().find(isChanged);
    if (!field) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    for (let around = field.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
    field.focus(); // without marking what stands there: the key may come twice
    say("This is not sent. Send it, or take it back, and approve then.", "bad");
  }, true);

  const KEYS = {
    a: approve,
    e: () => unfold("edit"),
    r: () => unfold("reject"),
    t: () => unfold("respond"),
    o: () => unfold("override"),
    j: () => go(1),
    k: () => go(-1),
    x: () => {
      const box = one("#queue .row:has([aria-current]) [name=selected]");
      if (box && !box.disabled) { pick(box, !box.checked); last = box.value; tellPicked(); }
    },
    u: () => all(".several-waiting:not(.htmx-request) .undo").at(-1)?.click(),
    "?": () => one("#keys").showModal(),
  };
  const pickCode = (number) => {
    const radio = all("#act-reject [name=reason_code]")[number - 1];
    if (!radio) return;
    radio.checked = true;
    one("#reject-reason").focus();
  };
  const unfold = (name) => {
    if (!act(name)) return;
    act(name).open = true;
    begin(act(name));
  };
  const TYPED_IN = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";

  const sendsFrom = (event) => event.ctrlKey || event.metaKey || (event.target.dataset.enter && !event.shiftKey);
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || one("dialog[open]")) return;
    const types = event.target.matches?.(TYPED_IN);
    if (event.key === "Enter" && event.target.matches?.("#acts textarea") && sendsFrom(event)) {
      event.preventDefault();
      send(event.target.form);
    }
    if (event.key === "Escape") leave(types && event.target);
    if (types || event.ctrlKey || event.metaKey || event.altKey || event.repeat || localStorage.getItem(OFF)) return;
    const key = event.key.toLowerCase();
    const what = one("#act-reject[open]") && /^[1-9]$/.test(key) ? () => pickCode(Number(key)) : KEYS[key];
    if (what) { event.preventDefault(); what(); }
  });

  const switched = () => one("#keys-on");
  document.addEventListener("change", (event) => {
    if (event.target !== switched()) return;
    if (switched().checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
  switched().checked = !localStorage.getItem(OFF);
  rest();
  document.addEventListener("DOMContentLoaded", bringDraft); // htmx hears of it by then
})();
