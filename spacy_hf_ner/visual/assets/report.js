"use strict";
// Fills the error browser, a page of passages at a time. A passage is [number of its document, part, parts, text, rows,
// whether it is annotated], a row [kind, gold start, gold end, gold type, predicted start, predicted end, predicted type,
// score, sides that overlap others: 1 gold, 2 predicted].
(() => {
  const PER_PAGE = 20;
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const form = byId("filters");
  let found = [];
  let page = 0;

  const element = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const readFilters = () => ({
    kinds: new Set([...form.querySelectorAll("[name=kind]:checked")].map((box) => Number(box.value))),
    type: byId("type").value === "" ? null : Number(byId("type").value),
    low: byId("low") ? Number(byId("low").value) : 0,
    high: byId("high") ? Number(byId("high").value) : 1,
    text: byId("search").value.trim().toLocaleLowerCase(),
    order: byId("order").value,
  });

  const isError = (row) => row[0] > 0 && row[0] < data.kinds.length - 1; // not "correct", not "not judged"

  const fits = (row, filters) => {
    if (!filters.kinds.has(row[0])) return false;
    if (filters.type !== null && row[3] !== filters.type && row[6] !== filters.type) return false;
    const anyScore = filters.low <= 0 && filters.high >= 1;
    return anyScore || (row[7] !== null && row[7] >= filters.low && row[7] <= filters.high);
  };

  const search = () => {
    const filters = readFilters();
    found = [];
    data.passages.forEach(([doc, , , text, rows], number) => {
      if (filters.text && !text.toLocaleLowerCase().includes(filters.text)) return;
      const fitting = rows.filter((row) => fits(row, filters));
      if (!fitting.length) return;
      const errors = fitting.filter(isError);
      const best = errors.reduce((most, row) => Math.max(most, row[7] ?? -1), -1);
      found.push({ number, doc, best, errors: errors.length });
    });
    if (filters.order === "score") found.sort((a, b) => b.best - a.best);
    if (filters.order === "errors") found.sort((a, b) => b.errors - a.errors);
    page = 0;
    show();
  };

  // Two decimals; more where these would read as certainty. The data has four.
  const formatScore = (score) => {
    const text = score.toFixed(2);
    const readsCertain = Number(text) === 0 || Number(text) === 1;
    return readsCertain && Number(text) !== score ? String(score) : text;
  };

  const drawMark = (text, part) => {
    const mark = element("mark", `e k${part.kind}${part.dim ? " dim" : ""}`, text.slice(part.start, part.end));
    const tag = element("span", "tag", data.types[part.type]);
    tag.style.setProperty("--c", data.colours[part.type]);
    if (part.score !== null) tag.append(element("i", "", formatScore(part.score)));
    mark.append(tag, element("span", "hidden", ` (${data.kinds[part.kind]})`));
    mark.title = data.kinds[part.kind] + (part.score === null ? "" : `, score ${part.score}`);
    return mark;
  };

  const drawSide = (heading, text, parts) => {
    const side = element("section", "side");
    side.append(element("h4", "", heading));
    const body = element("div", "entities");
    body.dir = "auto";
    let at = 0;
    parts.sort((a, b) => a.start - b.start || a.end - b.end);
    const overlapping = parts.filter((part) => part.overlaps);
    for (const part of parts.filter((part) => !part.overlaps)) {
      body.append(text.slice(at, part.start), drawMark(text, part));
      at = part.end;
    }
    body.append(text.slice(at));
    side.append(body);
    if (overlapping.length) {
      const more = element("p", "entities", "Overlapping: ");
      for (const part of overlapping) more.append(drawMark(text, part), " ");
      side.append(more);
    }
    return side;
  };

  const drawPassage = (number, filters) => {
    const [doc, part, parts, text, rows, isAnnotated] = data.passages[number];
    const gold = [];
    const predicted = [];
    for (const row of rows) {
      const dim = !fits(row, filters);
      const [kind, , , , , , , score, sides] = row;
      if (row[1] !== null) gold.push({ kind, start: row[1], end: row[2], type: row[3], score: null, overlaps: sides & 1, dim });
      if (row[4] !== null) predicted.push({ kind, start: row[4], end: row[5], type: row[6], score, overlaps: sides & 2, dim });
    }
    const card = element("article", "card");
    const header = element("header");
    const place = parts > 1 ? `, part ${part + 1} of ${parts}` : "";
    const title = element("h3", "", `Document ${(doc + 1).toLocaleString("en")}${place}`);
    title.id = `d${number}`;
    card.setAttribute("aria-labelledby", title.id);
    const errors = rows.filter(isError).length;
    const words = !isAnnotated ? "not judged" : errors === 0 ? "all right" : errors === 1 ? "1 error" : `${errors} errors`;
    header.append(title, element("span", `badge ${!isAnnotated ? "none" : errors ? "bad" : "good"}`, words));
    const sides = element("div", isAnnotated ? "sides" : "sides one");
    if (isAnnotated) sides.append(drawSide("Gold", text, gold));
    sides.append(drawSide("Predicted", text, predicted));
    card.append(header, sides);
    return card;
  };

  const show = () => {
    const filters = readFilters();
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    const shown = found.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
    byId("list").replaceChildren(...shown.map(({ number }) => drawPassage(number, filters)));
    const n = (count) => count.toLocaleString("en");
    const docs = new Set(found.map((passage) => passage.doc)).size;
    const isCut = data.passages.length > data.n_docs;
    const parts = isCut ? `, with ${n(found.length)} of ${n(data.passages.length)} passages` : "";
    const documents = data.n_docs === 1 ? "document" : "documents";
    const fit = docs === 1 ? "fits" : "fit";
    byId("found").textContent = `${n(docs)} of ${n(data.n_docs)} ${documents} ${fit}${parts}.`;
    byId("page").textContent = `${page + 1} of ${pages.toLocaleString("en")}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page >= pages - 1;
  };

  const turn = (by) => {
    page += by;
    show();
    byId("browser").scrollIntoView();
  };

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  search();
})();
