/* What is done by a form on the page of a task or among the escalations.

   What somebody has typed outlives every push: their form stays, also when nobody may send it any more, and says so
   then. Once it is done the form is as new, and the page fetches what has changed without waiting to be told. */
(() => {
  "use strict";
  const typedIn = new WeakSet();

  document.addEventListener("input", ({ target }) => {
    const form = target.closest(".act form");
    if (form && !target.matches("select")) typedIn.add(form); // a choice is made again with a click
  });
  document.addEventListener("done", ({ target }) => { typedIn.delete(target.closest("form")); });

  const formsIn = (node) => node.nodeType === Node.ELEMENT_NODE ? [node, ...node.querySelectorAll("form")] : [];

  // Should it come back after all, the push that brings it makes it as new.
  const end = (node, form) => {
    if (node.matches("[data-over]")) return;
    node.dataset.over = "";
    for (const button of node.querySelectorAll("[type=submit]")) button.disabled = true;
    const said = document.createElement("p");
    said.className = "notice warn";
    said.textContent = "This can be sent no more. What you typed stays here until you leave the page.";
    form.prepend(said);
  };
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => {
    const typed = formsIn(node).find((form) => typedIn.has(form));
    if (typed) end(node, typed);
    return !typed;
  };
})();
