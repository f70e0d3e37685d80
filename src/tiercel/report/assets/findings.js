// Filters, sorts and opens findings. Everything is in the page already; nothing is built from an event's text.
// The response steps stand once, with their rule; a finding that is opened gets a copy.
const fillResponses = (within) => {
  for (const part of within.querySelectorAll(".response[data-rule]:not([data-filled])")) {
    const steps = document.getElementById(`rule-${part.dataset.rule}`)?.querySelector(".what-to-do");
    if (!steps) continue;
    part.dataset.filled = "";
    part.append(steps.cloneNode(true));
  }
};
// Each place of a raw event gets its button when the finding is opened: thousands of them would slow the page.
const addButtons = (within) => {
  for (const place of within.querySelectorAll(".source[data-event]")) {
    if (place.querySelector("button")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Raw event";
    button.setAttribute("aria-label", `Raw event ${place.textContent}`);
    button.setAttribute("aria-expanded", "false");
    place.append(" ", button);
  }
};
document.addEventListener("toggle", ({ target }) => {
  fillResponses(target);
  addButtons(target);
}, true);

const openFinding = (() => {
  const list = document.getElementById("list");
  const target = (hash) => {
    try {
      return hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
    } catch {
      return null; // a fragment that is no text leads nowhere
    }
  };
  const show = (article) => {
    for (const other of document.querySelectorAll(".is-target")) other.classList.remove("is-target");
    if (article.hidden) reset();
    article.querySelector("details").open = true;
    article.classList.add("is-target");
    article.scrollIntoView({ block: "start" });
    article.querySelector("summary").focus({ preventScroll: true });
  };
  const follow = () => {
    const found = target(location.hash);
    if (!found) return;
    if (found.matches("article.finding")) show(found);
    else if (found.matches("details")) found.open = true;
  };
  let reset = () => {};
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) follow();
  });
  if (!list) return () => {};

  const articles = [...list.children];
  let texts = null; // what each finding says, gathered when it is first searched
  const levels = ["critical", "high", "medium", "low", "informational"];
  const known = new Map();
  const facts = (article) => {
    if (!known.has(article)) {
      const [source, target] = [...article.querySelectorAll(".way > b")].map((host) => host.textContent);
      const techniques = [...article.querySelectorAll(".techniques a")].map((link) => link.textContent);
      const severity = article.dataset.severity;
      known.set(article, { source, target, techniques, severity, rank: levels.indexOf(severity), when: Number(article.dataset.when) });
    }
    return known.get(article);
  };
  const form = document.getElementById("filters");
  const search = document.getElementById("search");
  const technique = document.getElementById("technique");
  const device = document.getElementById("device");
  const sort = document.getElementById("sort");
  const matching = document.getElementById("matching");
  const openAll = document.getElementById("open-all");

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set([...form.querySelectorAll("input[name=severity]:checked")].map((box) => box.value));
    if (words.length) texts ??= articles.map((article) => article.textContent.toLowerCase());
    let shown = 0;
    articles.forEach((article, index) => {
      const data = facts(article);
      const fits =
        severities.has(data.severity) &&
        (!technique.value || data.techniques.includes(technique.value)) &&
        (!device.value || data.source === device.value || data.target === device.value) &&
        words.every((word) => texts[index].includes(word));
      article.hidden = !fits;
      shown += fits;
    });
    const all = articles.length;
    matching.textContent = shown === all ? `${all} finding${all === 1 ? "" : "s"}` : `${shown} of ${all} findings`;
    document.getElementById("no-match").hidden = shown > 0;
  };
  const orders = {
    time: (a, b) => a.when - b.when,
    severity: (a, b) => a.rank - b.rank || a.when - b.when,
    target: (a, b) => a.target.localeCompare(b.target) || a.when - b.when,
    source: (a, b) => a.source.localeCompare(b.source) || a.when - b.when,
  };
  const order = () => {
    const sorted = [...articles].sort((one, other) => orders[sort.value](facts(one), facts(other)));
    list.append(...sorted);
  };
  reset = () => {
    form.reset();
    filter();
    order();
  };
  form.addEventListener("input", filter);
  sort.addEventListener("change", order);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => (filter(), order())));
  document.getElementById("clear").addEventListener("click", () => (reset(), search.focus()));
  openAll.addEventListener("click", () => {
    const details = articles.filter((article) => !article.hidden).map((article) => article.querySelector("details"));
    const open = details.some((each) => !each.open);
    for (const each of details) each.open = open;
    openAll.textContent = open ? "Close all" : "Open all";
  });
  addEventListener("load", follow);
  return (id) => {
    const found = document.getElementById(`finding-${id}`);
    if (!found) return;
    if (location.hash === `#finding-${id}`) show(found);
    else location.hash = `finding-${id}`;
  };
})();
