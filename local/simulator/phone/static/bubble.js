// One message as a phone shows it: bubble, buttons below, and what they send when pressed.
import { find, make, size, ticks } from "./dom.js";
import { link, written } from "./words.js";

const THUMBNAIL = 5_000_000; // bytes: larger pictures are shown as files

/** A row of a chat. `say` sends what a borrower does. */
export function bubble(row, say) {
  const { header, body, footer, buttons = [], list } = row.content;
  const parts = [
    row.quoted && make("blockquote", {}, row.quoted),
    head(row, header),
    body && make("p", { class: "body" }, ...written(body)),
    footer && make("p", { class: "footer" }, footer),
    about(row),
  ].filter(Boolean);
  const below = buttons.map((one) => button(one, say));
  if (list) below.push(make("button", { type: "button", class: "list", onclick: () => open(list, say) }, list.button));
  const classes = `message ${row.mine ? "mine" : "theirs"}`;
  return make(
    "li",
    { class: classes, "data-id": row.id, "data-status": row.status },
    make("div", { class: "bubble" }, ...parts),
    below.length ? make("div", { class: "buttons", role: "group", "aria-label": "Buttons" }, ...below) : null,
  );
}

/** The time, and how far the message has come; of a borrower's own it is known once the business has read it. */
export function about(row) {
  const seen = row.mine && row.status !== "read" ? null : ticks(row.status, row.code);
  const failed = row.status === "failed" && row.code ? make("span", { class: "failed" }, `code ${row.code}`) : null;
  return make("small", { class: "about" }, failed, make("time", { datetime: `${row.day}T${row.time}` }, row.time), seen);
}

function head(row, header) {
  if (header?.type === "text") return make("p", { class: "header" }, ...written(header.text ?? ""));
  if (!row.file && !header) return null;
  if (row.file?.mime_type.startsWith("audio/")) return voice(row.file);
  const address = row.file ? `/_page/files/${encodeURIComponent(row.file.id)}` : null;
  const picture = header ? header.type === "image" : row.file.mime_type.startsWith("image/");
  if (picture && row.file && row.file.size <= THUMBNAIL) {
    const image = make("img", { src: address, alt: "The picture that was sent", loading: "lazy" });
    return make("a", { class: "picture", href: address, target: "_blank" }, image);
  }
  return card(row, header, address);
}

function card({ file, type }, header, address) {
  const ending = header?.filename?.match(/\.(\w{1,4})$/)?.[1];
  const kind = ending ?? (file?.mime_type ?? header?.type ?? type).split("/").pop();
  const name = header?.filename ?? (kind === "pdf" ? "comprobante.pdf" : header?.type ?? type);
  const facts = [kind.toUpperCase(), file && size(file.size)].filter(Boolean).join(" · ");
  const content = [
    make("span", { class: "sheet", "aria-hidden": "true" }, kind.slice(0, 4)),
    make("span", { class: "name" }, name, make("small", {}, facts)),
  ];
  if (address) return make("a", { class: "file", href: address, target: "_blank" }, ...content);
  const outside = header?.link ? link(header.link, ...content) : make("span", {}, ...content);
  outside.className = "file";
  return outside;
}

function voice(file) {
  const play = () => new Audio(`/_page/files/${encodeURIComponent(file.id)}`).play().catch(() => {});
  const bars = Array.from({ length: 28 }, (_, number) => {
    const bar = make("i");
    bar.style.height = `${4 + ((number * 7 + file.size) % 13)}px`;
    return bar;
  });
  return make(
    "div",
    { class: "voice" },
    make("button", { type: "button", "aria-label": "Play the voice note", onclick: play }, "▶"),
    make("span", { class: "bars", "aria-hidden": "true" }, ...bars),
    make("small", {}, size(file.size)),
  );
}

function button(one, say) {
  if (one.type === "url" || one.type === "cta_url") {
    const outside = link(one.url ?? "", one.text);
    outside.classList.add("url");
    return outside;
  }
  const press = {
    quick_reply: () => say({ button: one.text }),
    reply: () => say({ choose: one.id ?? one.text }),
    copy_code: () => navigator.clipboard?.writeText(one.id ?? one.text),
  }[one.type];
  return make("button", { type: "button", class: one.type, disabled: !press, onclick: press }, one.text);
}

function open(list, say) {
  const sheet = find("sheet");
  const choose = (row) => {
    sheet.close();
    say({ choose: row.id ?? row.title });
  };
  const sections = (list.sections ?? []).map((section) =>
    make(
      "section",
      {},
      section.title ? make("h3", {}, section.title) : null,
      ...section.rows.map((row) =>
        make("button", { type: "button", onclick: () => choose(row) }, make("span", {}, row.title),
          row.description ? make("small", {}, row.description) : null),
      ),
    ),
  );
  find("sheet-title").textContent = list.button;
  find("sheet-rows").replaceChildren(...sections);
  sheet.showModal();
}
