/* What is done by a form on the page of a task or among the escalations.

   What somebody has typed outlives every push: their form stays, also when nobody may send it any more. Once it is
   done the form is as new, and the page fetches what has changed without waiting to be told. */
(() => {
  "use strict";
  const typedIn = new WeakSet();

  document.addEventListener("input", ({ target }) => {
    const form = target.closest(".act form");
    if (form) typedIn.add(form);
  });
  document.addEventListener("done", ({ target }) => {
    const form = target.closest("form");
    if (!form) return;
    typedIn.delete(form);
    form.reset();
    form.closest("details")?.removeAttribute("open");
    for (const part of document.querySelectorAll("main [data-live]")) part.dispatchEvent(new CustomEvent("stale"));
  });

  const formsIn = (node) => node.nodeType === Node.ELEMENT_NODE ? [node, ...node.querySelectorAll("form")] : [];
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => !formsIn(node).some((form) => typedIn.has(form));
})();
