"use strict";
(() => {
  const el = (name, props = {}, ...kids) => {
    const e = document.createElement(name);
    for (const [k, v] of Object.entries(props)) {
      if (k === "on") for (const [event, f] of Object.entries(v)) e.addEventListener(event, f);
      else if (k in e && k !== "list") e[k] = v;
      else e.setAttribute(k, v);
    }
    e.append(...kids);
    return e;
  };
  const step = (s) => s.replaceAll("~", "~0").replaceAll("/", "~1");
  let doc, next = 0;
  const at = (ref) => ref.slice(2).split("/").reduce((o, k) => o?.[k.replaceAll("~1", "/").replaceAll("~0", "~")], doc);
  const resolve = (o) => { for (let i = 0; i < 16 && o?.$ref; i++) o = at(o.$ref); return o ?? {}; };

  // plain follows references and "this or null" to what a field is made of.
  const plain = (s) => {
    s = resolve(s);
    let nullable = [s.type].flat().includes("null");
    for (let i = 0; i < 8; i++) {
      if (s.allOf?.length === 1) s = { ...resolve(s.allOf[0]), examples: s.examples };
      else if (s.anyOf?.length === 2 && s.anyOf[1].type === "null") { nullable = true; s = resolve(s.anyOf[0]); } else break;
    }
    const kinds = [s.type].flat().filter((t) => t && t !== "null");
    return { s, nullable, kind: kinds.length === 1 ? kinds[0] : "" };
  };

  // Each editor has an element, a value (undefined for "leave out") and finds the place of a pointer.
  const frame = (label, pointer, required, input, hint) => {
    const id = "f" + next++;
    const error = el("p", { className: "wrong", id: id + "e", hidden: true });
    const named = input.matches("input,select,textarea");
    input.id = id;
    input.dataset.at = pointer;
    input.setAttribute("aria-describedby", id + "e");
    if (required && named) input.setAttribute("aria-required", "true");
    const name = el("label", { htmlFor: id }, label, required ? el("em", {}, " required") : "", hint ? el("span", { className: "hint" }, " " + hint) : "");
    return el("div", { className: "field" }, name, input, error);
  };

  const hintOf = (s, kind) => [s.format || kind, s.minimum > -1e15 ? "≥ " + s.minimum : "", s.maximum < 1e15 ? "≤ " + s.maximum : ""].filter(Boolean).join(" ");

  const scalar = (label, pointer, required, { s, kind, nullable }, value, sure = required) => {
    let input, read;
    if (s.enum) {
      input = el("select", {}, ...(required ? [] : [el("option", { value: "" }, "–")]), ...s.enum.map((v, i) => el("option", { value: String(i + 1), selected: JSON.stringify(v) === JSON.stringify(value) }, String(v))));
      read = () => (input.value ? s.enum[input.value - 1] : undefined);
    } else if (kind === "boolean") {
      input = el("select", {}, ...(required ? [] : [el("option", { value: "" }, "–")]), ...["true", "false"].map((v) => el("option", { value: v, selected: String(value) === v }, v)));
      read = () => (input.value ? input.value === "true" : undefined);
    } else if (kind === "string") {
      input = s.maxLength > 200 || (value ?? "").includes("\n") ? el("textarea", { rows: 3 }) : el("input", { type: "text" });
      input.value = value ?? "";
      if (s.format === "date-time") input.placeholder = "2026-01-31T12:00:00Z";
      read = () => (input.value !== "" || (sure && !nullable) ? input.value : undefined);
    } else {
      input = el("input", { type: "text", inputMode: "decimal", value: value ?? "" });
      read = () => {
        const t = input.value.trim();
        if (t === "") return undefined;
        return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(t) ? new Raw(t) : t;
      };
    }
    input.spellcheck = false;
    input.autocomplete = "off";
    return { node: frame(label, pointer, required, input, hintOf(s, kind)), read };
  };

  // Raw keeps a number as it was typed: JavaScript would round large ones.
  class Raw { constructor(t) { this.t = t; } }
  const write = (v) => {
    if (v instanceof Raw) return v.t;
    if (Array.isArray(v)) return "[" + v.map((x) => write(x ?? null)).join(",") + "]";
    if (v && typeof v === "object") return "{" + Object.entries(v).filter(([, x]) => x !== undefined).map(([k, x]) => JSON.stringify(k) + ":" + write(x)).join(",") + "}";
    return JSON.stringify(v ?? null);
  };

  const asJSON = (label, pointer, required, value) => {
    const input = el("textarea", { rows: 5, spellcheck: false, className: "code", value: value === undefined ? "" : JSON.stringify(value, null, 2) });
    return {
      node: frame(label, pointer, required, input, "JSON"),
      read: () => {
        if (!input.value.trim()) return undefined;
        try { JSON.parse(input.value); } catch { throw { at: pointer, text: "is no JSON" }; }
        return new Raw(input.value.trim());
      },
    };
  };

  const group = (label, required, ...kids) => el("fieldset", {}, el("legend", {}, label, required ? el("em", {}, " required") : ""), ...kids);

  const object = (label, pointer, required, { s }, value, depth, sure = required) => {
    const fields = Object.entries(s.properties).filter(([, p]) => p !== false)
      .map(([name, p]) => [name, editor(name, pointer + "/" + step(name), s.required?.includes(name), p, value?.[name], depth + 1, sure && Boolean(s.required?.includes(name)))]);
    const read = () => {
      const out = {};
      let any = false;
      for (const [name, f] of fields) {
        const v = f.read();
        if (v !== undefined) { out[name] = v; any = true; }
      }
      return any || sure ? out : undefined;
    };
    const error = el("p", { className: "wrong", hidden: true });
    error.dataset.group = pointer;
    return { node: label ? group(label, required, error, ...fields.map(([, f]) => f.node)) : el("div", {}, error, ...fields.map(([, f]) => f.node)), read };
  };

  const list = (label, pointer, required, { s, nullable }, value, depth, sure = required) => {
    const items = [];
    const box = el("div", { className: "items" });
    const error = el("p", { className: "wrong", hidden: true });
    error.dataset.group = pointer;
    const draw = () => {
      const values = items.map((i) => { try { return JSON.parse(write(i.read())); } catch { return undefined; } });
      items.length = 0;
      box.replaceChildren();
      for (const v of values) push(v);
    };
    const push = (v) => {
      const n = items.length;
      const item = editor(`${label || "item"} ${n + 1}`, `${pointer}/${n}`, true, s.items, v, depth + 1);
      items.push(item);
      box.append(el("div", { className: "item" }, item.node, el("button", { type: "button", "aria-label": `Remove ${label || "item"} ${n + 1}`, on: { click: () => { items.splice(items.indexOf(item), 1); draw(); } } }, "Remove")));
    };
    for (const v of value ?? (s.minItems > 0 && sure ? [undefined] : [])) push(v);
    const add = el("button", { type: "button", on: { click: () => push(undefined) } }, "Add");
    add.setAttribute("aria-label", "Add to " + (label || "body"));
    return { node: group(label || "Body", required, error, box, add), read: () => (items.length || (sure && !nullable) ? items.map((i) => i.read()) : undefined) };
  };

  const editor = (label, pointer, required, schema, value, depth = 0, sure = required) => {
    const p = plain(schema);
    if (p.s.examples && value === undefined && sure) value = p.s.examples[0];
    if (depth < 6) {
      if (p.s.enum || ["string", "integer", "number", "boolean"].includes(p.kind)) return scalar(label, pointer, required, p, value, sure);
      if (p.kind === "object" && p.s.properties && (required || !p.nullable || value || depth < 2)) return object(label, pointer, required, p, value, depth, sure);
      if (p.kind === "array" && p.s.items) return list(label, pointer, required, p, value, depth, sure);
    }
    return asJSON(label, pointer, required, value);
  };

  const show = (v) => (v === undefined ? "" : typeof v === "string" ? v : JSON.stringify(v, null, 2));

  const build = (article, id) => {
    const op = doc.operations[id];
    const channel = resolve(op.channel), message = resolve(op.messages?.[0]);
    const example = message.examples?.[0];
    const nothing = message.payload?.type === "null";
    const parameters = Object.keys(channel.parameters ?? {}).map((n) => [n, scalar(n, "/parameters/" + step(n), channel.parameters[n]["x-parameter"] !== "rest", { s: {}, kind: "string" }, channel.parameters[n].examples?.[0])]);
    const headers = Object.entries(message.headers?.properties ?? {}).filter(([n, s]) => s !== false && !n.startsWith("parley-"))
      .map(([n, s]) => [n, editor(n, "/headers/" + step(n), message.headers.required?.includes(n), s, example?.headers?.[n])]);
    const schema = message.payload ?? {};
    const parts = plain(schema);
    const bodyOf = (value) => (parts.kind === "object" && parts.s.properties ? object("", "/body", true, parts, value, 0) : editor("Body", "/body", true, schema, value));
    let body = bodyOf(example?.payload);
    const holder = el("div", {}, body.node);
    let raw = false;
    const toggle = el("button", { type: "button", "aria-pressed": "false", on: { click: () => {
      let value;
      try { value = JSON.parse(write(body.read())); } catch { return; }
      raw = !raw;
      toggle.setAttribute("aria-pressed", String(raw));
      body = raw ? asJSON("Body", "/body", true, value) : bodyOf(value);
      holder.replaceChildren(body.node);
    } } }, "Write JSON");

    const result = el("div", { className: "result", role: "status" });
    const asks = op.action === "receive" && op.reply;
    const streams = asks && op.reply["x-reply-mode"] === "stream";
    const hint = op["x-request-mode"] === "stream" ? "This page sends one item, which is a stream of one. It cannot send more."
      : asks && op.reply["x-reply-mode"] === "later" ? "The reply may come in hours or days. This page waits only as long as its time limit; later replies are not shown." : "";
    const send = el("button", { type: "submit", className: "go" }, streams ? "Send and read" : asks ? "Send and wait" : "Send");
    const quick = asks ? el("button", { type: "button" }, "Send only") : "";
    const check = el("button", { type: "button" }, "Check");
    const cancel = el("button", { type: "button", hidden: true }, streams ? "Stop" : "Stop waiting");
    const busy = (on) => { for (const b of [send, quick, check]) if (b) b.disabled = on; cancel.hidden = !on; };

    const clear = () => {
      for (const w of article.querySelectorAll(".wrong")) w.hidden = true;
      for (const i of article.querySelectorAll("[aria-invalid]")) i.removeAttribute("aria-invalid");
    };
    const mark = (faults) => {
      let firstField;
      const rest = [];
      for (const f of faults) {
        const input = panel.querySelector(`[data-at="${CSS.escape(f.at)}"]`);
        const place = input ? document.getElementById(input.id + "e") : panel.querySelector(`[data-group="${CSS.escape(f.at)}"]`);
        if (!place) { rest.push(f.at.slice(1).replaceAll("/", " › ") + ": " + f.text); continue; }
        place.textContent = f.text;
        place.hidden = false;
        if (input) input.setAttribute("aria-invalid", "true");
        firstField ??= input ?? place;
      }
      firstField?.focus?.();
      return rest;
    };

    const tell = (kind, title, ...kids) => result.replaceChildren(el("div", { className: "told " + kind }, el("p", { className: "told-title" }, title), ...kids));
    const table = (name, o) => (Object.keys(o ?? {}).length ? [el("h5", {}, name), el("dl", { className: "pairs" }, ...Object.entries(o).map(([k, v]) => el("div", {}, el("dt", {}, k), el("dd", {}, show(v)))))] : []);

    const shown = (r) => (r.json !== undefined || r.text ? el("pre", { tabIndex: 0 }, show(r.json ?? r.text)) : el("p", {}, r.size ? `${r.size} bytes` : "An empty body: the operation was carried out and has no value."));
    const count = (n) => (n === 1 ? "1 reply" : n + " replies");

    // read shows the replies of a stream as they come, one line of JSON each.
    const read = async (answer, list) => {
      const title = el("p", { className: "told-title" }, "Waiting for the first reply…");
      const box = el("div", { className: "told" }, title, list);
      result.replaceChildren(box);
      const end = (kind, text, ...kids) => { box.classList.add(kind); title.textContent = text; box.append(...kids); };
      const take = (out) => {
        if (out.reply) {
          list.append(el("li", {}, el("p", {}, `${out.reply.matches || "A reply that is not declared"} after ${out.took_ms} ms`), shown(out.reply)));
          title.textContent = `Reading: ${count(list.children.length)} so far`;
          return false;
        }
        const n = count(out.replies ?? 0);
        if (out.error) end("bad", `Error ${out.error.code} after ${n}`, el("p", {}, out.error.message), ...(out.error.details ? [el("pre", { tabIndex: 0 }, show(out.error.details))] : []));
        else if (out.end === "limit") end("good", `${n}, and there is more than the page shows; the handler is stopped`);
        else end("good", `Complete: ${n} in ${out.took_ms} ms`);
        return true;
      };
      const reader = answer.body.getReader(), decoder = new TextDecoder();
      let rest = "", over = false;
      for (;;) {
        const { done, value } = await reader.read();
        rest += decoder.decode(value, { stream: !done });
        for (let at; (at = rest.indexOf("\n")) >= 0; rest = rest.slice(at + 1)) over = take(JSON.parse(rest.slice(0, at)));
        if (done) break;
      }
      if (!over) end("bad", `Cut off after ${count(list.children.length)}`);
    };

    const go = async (kind) => {
      clear();
      let text;
      try {
        const pick = (list) => Object.fromEntries(list.map(([n, f]) => [n, f.read()]).filter(([, v]) => v !== undefined));
        text = write({ operation: id, kind, parameters: pick(parameters), headers: pick(headers), body: nothing ? null : body.read() });
      } catch (e) {
        mark([e]);
        return tell("bad", "The message does not fit.");
      }
      const replies = el("ol", { className: "replies", "aria-live": "off" });
      const stop = new AbortController();
      cancel.onclick = () => stop.abort();
      busy(true);
      tell("", asks && kind === "request" ? "Waiting for the answer…" : "Sending…");
      try {
        const answer = await fetch("try", { method: "POST", headers: { "Content-Type": "application/json" }, body: text, signal: stop.signal, credentials: "same-origin" });
        if (answer.headers.get("Content-Type") === "application/x-ndjson") return await read(answer, replies);
        const out = await answer.json();
        if (!answer.ok) {
          const rest = mark(out.fields ?? []);
          return tell("bad", out.fields ? "The message does not fit; nothing was sent." : `${out.code}: ${out.message}`, ...rest.map((t) => el("p", {}, t)));
        }
        const took = `${out.took_ms} ms`;
        if (kind === "check") return tell("good", "The service would take it. Nothing was sent.");
        if (out.error) return tell("bad", `Error ${out.error.code} after ${took}`, el("p", {}, out.error.message), ...(out.error.details ? [el("pre", { tabIndex: 0 }, show(out.error.details))] : []));
        if (!out.reply) return tell("good", `Stored after ${took}`);
        const r = out.reply;
        return tell("good", `${r.matches || "A reply that is not declared"} after ${took}`,
          shown(r), ...table("Headers", r.headers), ...table("Properties", r.properties));
      } catch (e) {
        const title = e.name !== "AbortError" ? "The page's server cannot be reached." : streams && kind === "request" ? `Stopped after ${count(replies.children.length)}; its handler is cancelled.` : "Stopped waiting; the message may have been handled.";
        tell("bad", title, ...(replies.firstChild ? [replies] : []));
      } finally {
        busy(false);
      }
    };
    check.addEventListener("click", () => go("check"));
    if (quick) quick.addEventListener("click", () => go("send"));
    const part = (name, list) => (list.length ? [group(name, false, ...list.map(([, f]) => f.node))] : []);
    const panel = el("form", { noValidate: true, "aria-label": "Try " + op.title, on: { submit: (e) => { e.preventDefault(); go(asks ? "request" : "send"); } } },
      ...(hint ? [el("p", { className: "note" }, hint)] : []), ...part("Address", parameters), ...part("Headers", headers),
      ...(nothing ? [] : [el("div", { className: "body-head" }, el("h4", {}, "Body"), toggle), holder]),
      el("div", { className: "actions" }, send, quick, check, cancel), result);
    return panel;
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll(".try-open")) {
      const article = button.closest("article"), place = article.querySelector(".try");
      button.hidden = false;
      button.addEventListener("click", async () => {
        const open = button.getAttribute("aria-expanded") === "true";
        if (!open && !place.firstChild) {
          try {
            doc ??= await (await fetch("asyncapi.json", { credentials: "same-origin" })).json();
            place.append(build(article, article.dataset.op));
          } catch {
            place.textContent = "The document cannot be read.";
          }
        }
        place.hidden = open;
        button.setAttribute("aria-expanded", String(!open));
        button.textContent = open ? "Try it" : "Close";
        if (!open) place.querySelector("input,select,textarea,button")?.focus();
      });
    }
  });
})();
