/* A button that saves the rows shown as a file. */
function render({ model, el }) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "rx-action rx-download", textContent: "Download CSV" });
  button.onclick = () => model.send({ kind: "file" });
  const save = (message) => {
    if (message.kind !== "file") return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([message.text], { type: "text/csv" }));
    link.download = message.name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  model.on("msg:custom", save);
  el.append(button);
  return () => model.off("msg:custom", save);
}

export default { render };
