// Shows what needs a script, and lets the reader choose between light and dark; print opens every finding that is listed.
const page = JSON.parse(document.getElementById("page-data").textContent);
document.documentElement.classList.add("scripted");
for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;

{
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const show = () => {
    const dark = chosen === null ? system.matches : chosen === "dark";
    if (chosen) document.documentElement.dataset.theme = chosen;
    button.setAttribute("aria-pressed", String(dark));
  };
  button.addEventListener("click", () => {
    const dark = chosen === null ? system.matches : chosen === "dark";
    chosen = dark ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();

  document.getElementById("print").addEventListener("click", () => print());
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("article:not([hidden]) > details:not([open]), .as-table:not([open])")];
    for (const details of closed) details.open = true;
    fillResponses(document);
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
}
