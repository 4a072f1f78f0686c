/* Products as cards. All texts are set as text and never as markup. */
const PICTURE = /^(data:image\/|https?:\/\/)/i;

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function picture(card, remote) {
  const frame = element("span", "rx-picture");
  const letter = element("span", "rx-letter", card.letter);
  letter.setAttribute("aria-hidden", "true");
  frame.append(letter);
  const source = card.picture || "";
  if (PICTURE.test(source) && (remote || /^data:/i.test(source))) {
    const image = element("img");
    image.alt = "";
    image.loading = "lazy";
    image.referrerPolicy = "no-referrer";
    image.onload = () => letter.remove();
    image.onerror = () => image.remove();
    image.src = source;
    frame.append(image);
  }
  return frame;
}

function title(card, opens) {
  const shown = element(opens ? "button" : "span", "rx-title");
  if (opens) shown.type = "button";
  shown.dir = "auto";
  shown.title = card.title;
  for (const [text, marked] of card.pieces) shown.append(element(marked ? "mark" : "span", "", text));
  return shown;
}

function stars(card) {
  const full = card.own_stars === null ? null : Math.round(card.own_stars);
  if (full !== null && full <= 5) {
    const line = element("span", "rx-stars", "★".repeat(full) + "☆".repeat(5 - full));
    line.setAttribute("aria-label", `rated ${card.own_stars}`);
    return line;
  }
  if (full !== null) return element("span", "", `rated ${card.own_stars}`);
  const line = element("span", "");
  line.append(element("span", "rx-stars", "★"), ` ${card.stars}${card.count ? ` (${card.count})` : ""}`);
  line.title = card.count ? `${card.stars} of 5 by ${card.count} ratings` : `${card.stars} of 5`;
  return line;
}

function facts(card) {
  const line = element("div", "rx-facts");
  if (card.date) line.append(element("span", "", card.date));
  if (card.own_stars !== null) line.append(stars(card));
  if (card.brand) line.append(element("span", "rx-brand", card.brand));
  if (card.price) line.append(element("span", "rx-price", card.price));
  if (card.stars && card.own_stars === null) line.append(stars(card));
  if (card.link) {
    const link = element("a", "", "link");
    link.href = card.link;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.title = "The product's page";
    line.append(link);
  }
  const id = element("code", "rx-id", card.id);
  id.title = "click to select";
  line.append(id);
  return line;
}

function body(card, opens) {
  const made = element("div", "rx-body");
  made.append(title(card, opens));
  made.append(facts(card));
  if (card.reason) {
    const reason = element("div", "rx-reason", card.reason);
    reason.title = card.reason;
    made.append(reason);
  }
  if (card.badges.length) {
    const badges = element("div", "rx-badges");
    for (const text of card.badges) badges.append(element("span", "rx-badge", text));
    made.append(badges);
  }
  if (card.bar !== null) {
    const bar = element("div", "rx-bar");
    bar.title = `score ${card.score}; scores rank the rows of one list`;
    const share = element("span");
    share.style.width = `${100 * card.bar}%`;
    bar.append(share);
    made.append(bar);
  }
  return made;
}

function actions(card, model, send) {
  const made = element("div", "rx-actions");
  for (const { name, label, tip } of model.get("actions")) {
    const button = element("button", "rx-action", label);
    button.type = "button";
    button.title = tip;
    button.setAttribute("aria-label", `${tip}: ${card.title}`);
    button.onclick = (event) => {
      event.stopPropagation();
      send(name, card.id);
    };
    made.append(button);
  }
  return made;
}

function draggable(made, card, send) {
  made.draggable = true;
  made.ondragstart = (event) => event.dataTransfer.setData("text/plain", card.id);
  made.ondragover = (event) => event.preventDefault();
  made.ondrop = (event) => {
    event.preventDefault();
    const moved = event.dataTransfer.getData("text/plain");
    if (moved && moved !== card.id) send("move", moved, card.id);
  };
}

function render({ model, el }) {
  // Keys pressed here are meant for the explorer, not for shortcuts of the notebook.
  el.dataset.lmSuppressShortcuts = "true";
  const send = (kind, id, other) => {
    el.classList.add("rx-busy");
    model.send({ kind, id, other });
  };
  const draw = () => {
    el.classList.remove("rx-busy");
    const list = element("div", `rx-cards rx-${model.get("form")}`);
    list.setAttribute("role", "list");
    const opens = model.get("opens");
    for (const card of model.get("cards")) {
      const made = element("div", `rx-card${opens ? " rx-opens" : ""}`);
      made.setAttribute("role", "listitem");
      made.dataset.item = card.id;
      if (card.rank) made.append(element("span", "rx-rank", card.rank));
      made.append(picture(card, model.get("remote")), body(card, opens), actions(card, model, send));
      if (opens) {
        made.onclick = (event) => {
          if (event.target.closest("a, code") || String(getSelection())) return;
          send("open", card.id);
        };
      }
      if (model.get("drags")) draggable(made, card, send);
      list.append(made);
    }
    if (!model.get("cards").length) list.append(element("div", "rx-nothing", model.get("nothing")));
    el.replaceChildren(list);
  };
  const done = (message) => message.kind === "done" && el.classList.remove("rx-busy");
  model.on("change:cards change:remote change:nothing", draw);
  model.on("msg:custom", done);
  draw();
  return () => {
    model.off("change:cards change:remote change:nothing", draw);
    model.off("msg:custom", done);
  };
}

export default { render };
