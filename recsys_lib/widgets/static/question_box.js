/* One box for every question, with suggestions while typing. An older answer never replaces a newer one. */
const PICTURE = /^(data:image\/|https?:\/\/)/i;
const PAUSE = 120; // milliseconds without a key before suggestions are asked for

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function thumbnail(row, remote) {
  const frame = element("span", "rx-picture rx-small");
  frame.append(element("span", "rx-letter", row.letter));
  if (PICTURE.test(row.picture) && (remote || /^data:/i.test(row.picture))) {
    const image = element("img");
    image.alt = "";
    image.loading = "lazy";
    image.referrerPolicy = "no-referrer";
    image.onload = () => frame.firstChild.remove();
    image.onerror = () => image.remove();
    image.src = row.picture;
    frame.append(image);
  }
  return frame;
}

function render({ model, el }) {
  // Keys pressed in the explorer are not meant for shortcuts of the notebook.
  requestAnimationFrame(() => {
    const explorer = el.closest(".rx-explorer") || el;
    explorer.dataset.lmSuppressShortcuts = "true";
  });
  let asked = 0, active = -1, rows = [], timer = 0;
  const name = `rx-list-${Math.random().toString(36).slice(2)}`;
  const frame = element("div", "rx-question");
  const box = element("input", "rx-input");
  const list = element("div", "rx-suggestions");
  const clear = element("button", "rx-clear", "×");
  Object.assign(box, { type: "text", autocomplete: "off", spellcheck: false, value: model.get("value") });
  for (const [key, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": name,
  })) box.setAttribute(key, value);
  Object.assign(clear, { type: "button", title: "Empty the box" });
  list.id = name;
  list.setAttribute("role", "listbox");
  list.hidden = true;

  const hint = () => {
    box.placeholder = model.get("hint");
    box.setAttribute("aria-label", model.get("hint"));
  };
  const close = () => {
    clearTimeout(timer);
    asked += 1; // what is still on its way is of no use any more
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    frame.classList.remove("rx-busy");
  };
  const suggest = () => {
    asked += 1;
    frame.classList.add("rx-busy");
    model.send({ kind: "suggest", number: asked, text: box.value });
  };
  const send = (message) => {
    close();
    model.set("value", box.value);
    model.save_changes();
    frame.classList.add("rx-busy");
    model.send(message);
  };
  const choose = (row) => send({ kind: "choose", what: row.kind, id: row.id });
  const light = (place) => {
    active = rows.length ? (place + rows.length) % rows.length : -1;
    [...list.children].forEach((line, n) => line.setAttribute("aria-selected", String(n === active)));
    const line = list.children[active];
    box.setAttribute("aria-activedescendant", line ? line.id : "");
    if (line) line.scrollIntoView({ block: "nearest" });
  };
  const show = () => {
    list.replaceChildren(...rows.map((row, n) => {
      const line = element("div", "rx-suggestion");
      line.id = `${name}-${n}`;
      line.setAttribute("role", "option");
      const label = element("span", "rx-label", row.label);
      label.dir = "auto";
      line.append(thumbnail(row, model.get("remote")), label, element("span", "rx-note", row.note));
      line.onmousedown = (event) => event.preventDefault(); // the box keeps the focus
      line.onclick = () => choose(row);
      return line;
    }));
    active = -1;
    list.hidden = !rows.length || document.activeElement !== box;
    box.setAttribute("aria-expanded", String(!list.hidden));
  };

  box.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, PAUSE);
  };
  box.onfocus = () => {
    box.select();
    suggest();
  };
  box.onblur = close;
  box.onkeydown = (event) => {
    event.stopPropagation(); // keys of the notebook must not act while somebody types
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) suggest();
      light(active < 0 && event.key === "ArrowUp" ? -1 : active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Escape") {
      close();
    } else if (event.key === "Enter") {
      if (!list.hidden && active >= 0) return choose(rows[active]);
      send({ kind: "ask", text: box.value });
    }
  };
  clear.onclick = () => {
    box.value = "";
    box.focus();
    suggest();
  };
  const received = (message) => {
    if (message.kind === "done") frame.classList.remove("rx-busy");
    if (message.kind !== "suggestions" || message.number !== asked) return;
    frame.classList.remove("rx-busy");
    rows = message.rows;
    show();
  };
  const changed = () => {
    box.value = model.get("value");
  };
  model.on("msg:custom", received);
  model.on("change:value", changed);
  model.on("change:hint", hint);
  hint();
  frame.append(box, clear, list);
  el.append(frame);
  return () => {
    model.off("msg:custom", received);
    model.off("change:value", changed);
    model.off("change:hint", hint);
  };
}

export default { render };
