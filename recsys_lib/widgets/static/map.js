/* The catalogue as points: hovering shows a product, a click or Enter opens it. */
const RADIUS = 2.6, NEAR = 12, MARGIN = 12; // pixels

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

function render({ model, el }) {
  // Keys pressed here are meant for the explorer, not for shortcuts of the notebook.
  el.dataset.lmSuppressShortcuts = "true";
  const frame = element("div", "rx-map");
  const canvas = element("canvas");
  const tip = element("div", "rx-tip");
  const legend = element("div", "rx-legend");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  tip.hidden = true;
  frame.append(canvas, tip);
  el.append(frame, legend);
  let x, y, points, at = -1, hidden = new Set();

  const place = (n) => [
    MARGIN + x[n] * (canvas.clientWidth - 2 * MARGIN),
    MARGIN + (1 - y[n]) * (canvas.clientHeight - 2 * MARGIN),
  ];
  const draw = () => {
    if (!x || !canvas.clientWidth) return;
    const scale = devicePixelRatio || 1, ink = canvas.getContext("2d");
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    ink.scale(scale, scale);
    ink.globalAlpha = 0.7;
    const colors = model.get("colors");
    points.forEach((point, n) => {
      if (hidden.has(point.group)) return;
      const [left, top] = place(n);
      ink.fillStyle = colors[point.group];
      ink.beginPath();
      ink.arc(left, top, RADIUS, 0, 7);
      ink.fill();
    });
    const chosen = points.findIndex((point) => point.id === model.get("selected"));
    ink.globalAlpha = 1;
    ink.strokeStyle = getComputedStyle(canvas).color;
    for (const [n, radius, width] of [[chosen, 8, 2.5], [at, 6, 1.5]]) {
      if (n < 0) continue;
      ink.lineWidth = width;
      ink.beginPath();
      ink.arc(...place(n), radius, 0, 7);
      ink.stroke();
    }
  };
  const nearest = (left, top) => {
    let best = -1, least = NEAR * NEAR;
    points.forEach((point, n) => {
      if (hidden.has(point.group)) return;
      const [px, py] = place(n), d = (px - left) ** 2 + (py - top) ** 2;
      if (d < least) [best, least] = [n, d];
    });
    return best;
  };
  const step = (dx, dy) => {
    const from = at < 0 ? [canvas.clientWidth / 2, canvas.clientHeight / 2] : place(at);
    let best = at, least = Infinity;
    points.forEach((point, n) => {
      if (n === at || hidden.has(point.group)) return;
      const [px, py] = place(n);
      const along = (px - from[0]) * dx + (py - from[1]) * dy;
      const aside = Math.abs((px - from[0]) * dy) + Math.abs((py - from[1]) * dx);
      if (along > 0 && along + 2 * aside < least) [best, least] = [n, along + 2 * aside];
    });
    return best;
  };
  const point = (n) => {
    if (n === at) return;
    at = n;
    tip.hidden = n < 0;
    if (n >= 0) {
      const [left, top] = place(n);
      tip.replaceChildren(element("b", "", points[n].title), element("span", "", points[n].facts));
      const width = Math.min(260, canvas.clientWidth);
      tip.style.width = `${width}px`;
      tip.style.left = `${Math.max(0, Math.min(left + 10, canvas.clientWidth - width))}px`;
      if (top > canvas.clientHeight / 2) {
        tip.style.top = "auto";
        tip.style.bottom = `${canvas.clientHeight - top + 12}px`;
      } else {
        tip.style.top = `${top + 12}px`;
        tip.style.bottom = "auto";
      }
      canvas.setAttribute("aria-label", `${points[n].title}, ${points[n].facts}`);
    }
    canvas.style.cursor = n < 0 ? "default" : "pointer";
    draw();
  };
  const open = () => at >= 0 && model.send({ kind: "open", id: points[at].id });
  const load = () => {
    [x, y, points, at] = [floats(model.get("x")), floats(model.get("y")), model.get("points"), -1];
    canvas.setAttribute("aria-label", `Map of ${points.length} products: arrow keys, then Enter`);
    hidden = new Set();
    legend.replaceChildren(...model.get("groups").map((name, group) => {
      const entry = element("button", "rx-entry");
      const dot = element("span", "rx-dot");
      dot.style.background = model.get("colors")[group];
      entry.type = "button";
      entry.title = "Show or hide";
      entry.setAttribute("aria-pressed", "true");
      entry.append(dot, name);
      entry.onclick = () => {
        hidden[hidden.has(group) ? "delete" : "add"](group);
        entry.setAttribute("aria-pressed", String(!hidden.has(group)));
        draw();
      };
      return entry;
    }));
    draw();
  };
  canvas.onmousemove = (event) => point(nearest(event.offsetX, event.offsetY));
  canvas.onmouseleave = () => point(-1);
  canvas.onclick = (event) => {
    point(nearest(event.offsetX, event.offsetY));
    open();
  };
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.onkeydown = (event) => {
    if (!(event.key in steps) && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") open();
    else point(step(...steps[event.key]));
  };
  const watcher = new ResizeObserver(draw);
  watcher.observe(frame);
  model.on("change:points", load);
  model.on("change:selected", draw);
  load();
  return () => {
    watcher.disconnect();
    model.off("change:points", load);
    model.off("change:selected", draw);
  };
}

export default { render };
