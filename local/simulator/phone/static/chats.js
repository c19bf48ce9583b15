// The list of borrowers.
import { complain, get } from "./api.js";
import { dayName, dress, find, make, ticks } from "./dom.js";

const rows = new Map(); // phone → {chat, item}
let open = "";

export const address = (phone) => `#/phones/${encodeURIComponent(phone)}`;

export function forgetChats() {
  rows.clear();
  find("chats").replaceChildren();
}

/** Changed chats, which move to the top when somebody wrote. */
export function showChats(chats, today) {
  const list = find("chats");
  for (const chat of chats.sort((one, other) => one.order - other.order)) {
    const known = rows.get(chat.phone);
    const row = { chat, item: item(chat, today) };
    rows.set(chat.phone, row);
    const focused = known?.item.contains(document.activeElement);
    if (known && known.chat.order === chat.order) known.item.replaceWith(row.item);
    else {
      known?.item.remove();
      list.prepend(row.item);
    }
    mark(row);
    filter(row);
    if (focused) row.item.firstElementChild.focus();
  }
  find("nobody").hidden = rows.size > 0;
}

export function markOpen(phone) {
  open = phone;
  rows.forEach(mark);
}

export const lastOrder = (phone) => rows.get(phone)?.chat.order;
export const unread = (phone) => rows.get(phone)?.chat.unread ?? 0;

function mark({ chat, item }) {
  const link = item.firstElementChild;
  if (chat.phone === open) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

function filter({ chat, item }) {
  const wanted = find("search").value.trim().toLowerCase();
  const digits = wanted.replace(/[ ()-]/g, "");
  item.hidden = !`${chat.name} ${chat.number}`.toLowerCase().includes(wanted) && !chat.number.includes(digits || " ");
}

function item(chat, today) {
  const seen = chat.mine ? null : ticks(chat.status, 0);
  const waiting = chat.unread
    ? make("span", { class: "count", "aria-label": `${chat.unread} unread` }, String(chat.unread))
    : null;
  const when = chat.day === today ? chat.time : dayName(chat.day, today);
  return make(
    "li",
    { "data-phone": chat.phone },
    make(
      "a",
      { href: address(chat.phone) },
      dress(make("span", { class: "avatar", "aria-hidden": "true" }), chat),
      make("span", { class: "name" }, chat.name, make("small", {}, chat.number)),
      make("time", {}, when),
      make("span", { class: "last" }, seen, make("span", {}, chat.last)),
      waiting,
    ),
  );
}

find("search").addEventListener("input", () => rows.forEach(filter));

find("start").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const { phone } = await get("/_page/person", { number: find("number").value });
    find("number").value = "";
    location.hash = address(phone);
    find("words").focus();
  } catch (fault) {
    complain(fault);
  }
});
