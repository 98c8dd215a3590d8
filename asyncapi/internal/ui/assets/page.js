"use strict";
(() => {
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"];
  let theme = "auto";
  try { theme = localStorage.getItem("parley-theme") || "auto"; } catch { /* storage is off */ }
  const paint = () => { if (theme === "auto") root.removeAttribute("data-theme"); else root.dataset.theme = theme; };
  paint();

  document.addEventListener("DOMContentLoaded", () => {
    const $ = (s, at = document) => at.querySelector(s);
    const $$ = (s, at = document) => [...at.querySelectorAll(s)];

    const button = $(".theme");
    const label = () => { button.textContent = theme[0].toUpperCase() + theme.slice(1); button.setAttribute("aria-label", "Colours: " + theme); };
    button.hidden = false;
    label();
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      try { localStorage.setItem("parley-theme", theme); } catch { /* storage is off */ }
      paint();
      label();
    });

    const find = $("#find"), found = $("#found"), nav = $("nav");
    $(".find").hidden = false;
    const articles = $$("main article").map((a) => ({ a, text: a.textContent.toLowerCase(), link: $(`nav a[href="#${CSS.escape(a.id)}"]`) || $$("nav a").find((l) => l.getAttribute("href") === "#" + a.id) }));
    const search = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      let hits = 0;
      for (const { a, text, link } of articles) {
        const hit = words.every((w) => text.includes(w));
        a.hidden = !hit;
        if (link) link.parentElement.hidden = !hit;
        hits += hit;
      }
      for (const g of $$("main .group")) g.hidden = !$("article:not([hidden])", g);
      for (const h of $$("h2", nav)) h.hidden = !$("li:not([hidden])", h.nextElementSibling);
      $(".nothing").hidden = hits > 0;
      found.textContent = words.length ? `${hits} of ${articles.length} match` : "";
    };
    find.addEventListener("input", search);
    const links = () => $$("nav a").filter((l) => l.offsetParent);
    find.addEventListener("keydown", (e) => {
      const first = links()[0];
      if (e.key === "Escape") { find.value = ""; search(); find.blur(); }
      if (!first || (e.key !== "Enter" && e.key !== "ArrowDown")) return;
      e.preventDefault();
      if (e.key === "Enter") first.click(); else first.focus();
    });
    nav.addEventListener("keydown", (e) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (!step) return;
      e.preventDefault();
      const all = links(), next = all.indexOf(document.activeElement) + step;
      (all[next] || find).focus();
    });
    document.addEventListener("keydown", (e) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
      if (((e.metaKey || e.ctrlKey) && e.key === "k") || (e.key === "/" && !typing && !e.metaKey && !e.ctrlKey)) {
        e.preventDefault();
        find.focus();
        find.select();
      }
    });

    const seen = new IntersectionObserver((entries) => {
      for (const e of entries) {
        const link = articles.find((x) => x.a === e.target)?.link;
        if (link) link.classList.toggle("here", e.isIntersecting);
      }
    }, { rootMargin: "-10% 0px -70% 0px" });
    for (const { a } of articles) seen.observe(a);
  });
})();
