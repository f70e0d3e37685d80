// The movement graph: hosts as boxes, movements as arrows from left to right, laid out by dagre.
const draw = (name, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
};
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}\u2026` : text);
const asButton = (element, label, act) => {
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "0");
  element.setAttribute("aria-label", label);
  const title = draw("title", {});
  title.textContent = label;
  element.append(title);
  element.addEventListener("click", act);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    act();
  });
};

{
  const place = document.getElementById("graph");
  const letter = 7.6;
  const count = (edge) => (edge.count === 1 ? "" : ` \u00d7${edge.count}`);

  const layout = () => {
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ rankdir: "LR", nodesep: 26, edgesep: 14, ranksep: 60, marginx: 18, marginy: 18 });
    graph.setDefaultEdgeLabel(() => ({}));
    page.nodes.forEach((node, index) => {
      graph.setNode(String(index), { width: cut(node.name, 28).length * letter + 28, height: 34 });
    });
    page.edges.forEach((edge, index) => {
      const text = cut(edge.how, 40) + count(edge);
      graph.setEdge(String(edge.from), String(edge.to), { width: text.length * 6.8 + 16, height: 20, labelpos: "c", text }, String(index));
    });
    dagre.layout(graph);
    return graph;
  };

  const line = (points) => {
    const [first, ...rest] = points;
    let path = `M${first.x},${first.y}`;
    for (let index = 0; index < rest.length - 1; index += 1) {
      const here = rest[index];
      const next = rest[index + 1];
      path += ` Q${here.x},${here.y} ${(here.x + next.x) / 2},${(here.y + next.y) / 2}`;
    }
    const last = rest[rest.length - 1];
    return `${path} L${last.x},${last.y}`;
  };
  const head = (points) => {
    const end = points[points.length - 1];
    const before = points[points.length - 2];
    const turn = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI;
    return draw("path", { class: "head", d: "M0,0 L-9,-4.5 L-9,4.5 Z", transform: `translate(${end.x},${end.y}) rotate(${turn})` });
  };

  const picture = (graph) => {
    const size = graph.graph();
    const svg = draw("svg", { viewBox: `0 0 ${Math.ceil(size.width)} ${Math.ceil(size.height)}`, width: Math.ceil(size.width), height: Math.ceil(size.height) });
    for (const key of graph.edges()) {
      const laid = graph.edge(key);
      const edge = page.edges[Number(key.name)];
      const group = draw("g", { class: `edge s-${edge.severity}` });
      const text = draw("text", { x: laid.x, y: laid.y + 4, "text-anchor": "middle" });
      text.textContent = laid.text;
      group.append(
        draw("path", { class: "reach", d: line(laid.points) }),
        draw("path", { class: "line", d: line(laid.points) }),
        head(laid.points),
        draw("rect", { class: "behind", x: laid.x - laid.width / 2, y: laid.y - 10, width: laid.width, height: 20, rx: 2 }),
        text,
      );
      const from = page.nodes[edge.from].name;
      const to = page.nodes[edge.to].name;
      const many = edge.count === 1 ? "1 finding" : `${edge.count} findings`;
      const whole = laid.text.startsWith(edge.how) ? "" : ` ${edge.how},`; // what is seen comes first, for who speaks to the page
      asButton(group, `${laid.text}: ${from} to ${to},${whole} ${edge.severity}, ${many}`, () => openFinding(edge.first));
      svg.append(group);
    }
    page.nodes.forEach((node, index) => {
      const laid = graph.node(String(index));
      const group = draw("g", { class: `node k-${node.kind}` });
      const text = draw("text", { x: laid.x, y: laid.y + 4, "text-anchor": "middle" });
      text.textContent = cut(node.name, 28);
      const title = draw("title", {});
      title.textContent = node.name;
      group.append(draw("rect", { x: laid.x - laid.width / 2, y: laid.y - laid.height / 2, width: laid.width, height: laid.height, rx: 3 }), text, title);
      svg.append(group);
    });
    return svg;
  };

  if (place && page.edges.length) {
    const svg = picture(layout());
    const [width, height] = [svg.width.baseVal.value, svg.height.baseVal.value];
    let scale = 1;
    const zoom = (to) => {
      scale = Math.min(3, Math.max(0.15, to));
      svg.setAttribute("width", String(Math.round(width * scale)));
      svg.setAttribute("height", String(Math.round(height * scale)));
    };
    const fit = () => zoom(Math.min(1, Math.max(0.6, (place.clientWidth - 4) / width))); // smaller, names cannot be read
    place.append(svg);
    fit();
    for (const button of document.querySelectorAll("[data-zoom]")) {
      const steps = { in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), fit };
      button.addEventListener("click", steps[button.dataset.zoom]);
    }
  } else if (place) {
    place.closest(".picture").hidden = true;
  }
}
