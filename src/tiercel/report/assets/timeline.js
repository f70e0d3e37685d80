// The fleet's timeline: a lane for each target, a mark for each finding.
{
  const place = document.getElementById("timeline-picture");
  const lanesMost = 40;
  const steps = [0.001, 0.01, 0.1, 1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 7776000].map((seconds) => seconds * 1000);
  const shapes = { critical: "M0,-6 L6,0 L0,6 L-6,0 Z", high: "M-4.5,-4.5 H4.5 V4.5 H-4.5 Z" };
  const round = "M-4.5,0 A4.5,4.5 0 1 1 4.5,0 A4.5,4.5 0 1 1 -4.5,0 Z";
  const two = (value) => String(value).padStart(2, "0");

  const label = (at, step) => {
    const time = new Date(at);
    const days = `${time.getUTCFullYear()}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}`;
    const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
    if (step >= 86400000) return days;
    if (step >= 60000) return time.getUTCHours() + time.getUTCMinutes() === 0 ? days : clock;
    const seconds = `${clock}:${two(time.getUTCSeconds())}`;
    return step >= 1000 ? seconds : `${seconds}.${String(time.getUTCMilliseconds()).padStart(3, "0")}`;
  };

  const lanes = () => {
    const counts = new Map();
    for (const each of page.times) counts.set(each.on, (counts.get(each.on) ?? 0) + 1);
    const names = [...counts.keys()];
    if (names.length <= lanesMost) return { names, rest: null };
    const most = new Set([...names].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, lanesMost - 1));
    return { names: names.filter((name) => most.has(name)), rest: `${names.length - most.size} other hosts` };
  };

  const picture = (width) => {
    const { names, rest } = lanes();
    const rows = rest ? [...names, rest] : names;
    const left = Math.min(220, 24 + 7.6 * Math.max(...rows.map((name) => Math.min(name.length, 24))));
    const [right, top, high] = [28, 34, 26];
    let [first, last] = [Math.min(...page.times.map((each) => each.at)), Math.max(...page.times.map((each) => each.at))];
    const margin = Math.max((last - first) * 0.03, 500);
    [first, last] = [first - margin, last + margin];
    const x = (at) => left + ((at - first) / (last - first)) * (width - left - right);
    const height = top + rows.length * high + 12;
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, height });
    const step = steps.find((each) => (last - first) / each <= Math.max(2, (width - left) / 110)) ?? steps.at(-1);
    for (let at = Math.ceil(first / step) * step; at <= last; at += step) {
      const text = draw("text", { x: x(at), y: 20, "text-anchor": "middle" });
      text.textContent = label(at, step);
      svg.append(draw("line", { class: "grid", x1: x(at), x2: x(at), y1: 28, y2: height - 8 }), text);
    }
    rows.forEach((name, row) => {
      const y = top + row * high + high / 2;
      const text = draw("text", { class: "name", x: 14, y: y + 4 });
      text.textContent = cut(name, 24);
      svg.append(draw("line", { class: "lane", x1: left, x2: width - right, y1: y, y2: y }), text);
    });
    for (const each of page.times) {
      const row = names.includes(each.on) ? names.indexOf(each.on) : rows.length - 1;
      const mark = draw("g", { class: `dot s-${each.severity}`, transform: `translate(${x(each.at)},${top + row * high + high / 2})` });
      mark.append(draw("path", { d: shapes[each.severity] ?? round }));
      const when = new Date(each.at).toISOString().replace("T", " ").slice(0, 19);
      asButton(mark, `${when}, ${each.on}: ${each.title}, ${each.severity}`, () => openFinding(each.id));
      svg.append(mark);
    }
    return svg;
  };

  if (place && page.times.length) place.append(picture(Math.max(620, place.clientWidth - 2)));
  else if (place) place.closest("section").hidden = true;
}
