"use strict";
// Looks at a page in Chromium and prints one JSON line of what is wrong with it.
// Usage: node check.js <url> <folder for screenshots> <name> true, false or stream
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const [base, folder, name, tries] = process.argv.slice(2);
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const faults = [];
const expect = (ok, text) => { if (!ok) faults.push(text); };

async function open(browser, size, scheme, javaScriptEnabled = true) {
  const context = await browser.newContext({ viewport: size, colorScheme: scheme, javaScriptEnabled });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("pageerror", (e) => faults.push(`script: ${e.message}`));
  page.on("console", (m) => { if (/Content.Security.Policy|TrustedHTML|Refused to/i.test(m.text())) faults.push(`policy: ${m.text()}`); });
  page.on("request", (r) => { if (!r.url().startsWith(base) && !r.url().startsWith("data:")) faults.push(`foreign request: ${r.url()}`); });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
  });
  await page.goto(base);
  return page;
}

async function inspect(page, where) {
  // axe runs by way of the debugger: the page's policy lets no script in.
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const v of found.violations) {
    if (v.impact === "serious" || v.impact === "critical") faults.push(`${where}: axe ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0]?.message ?? "")).join(" | ")}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide <= 0, `${where}: the page is ${wide} px wider than its window`);
  for (const v of await page.evaluate(() => window.violations)) faults.push(`${where}: policy: ${v}`);
}

// Texts stay inside their boxes, and boxes and labels inside their picture.
async function drawings(page, where) {
  const out = await page.evaluate(() => {
    const found = [];
    for (const svg of document.querySelectorAll(".flow svg")) {
      if (!svg.getBoundingClientRect().width) continue;
      for (const text of svg.querySelectorAll(".box text")) {
        const room = Number(text.parentNode.querySelector("rect").getAttribute("width"));
        if (12 + text.getComputedTextLength() > room) found.push(`${text.textContent} leaves its box`);
      }
      const frame = svg.getBoundingClientRect();
      for (const text of svg.querySelectorAll("text")) {
        const own = text.getBoundingClientRect();
        if (own.left < frame.left - 1 || own.right > frame.right + 1) found.push(`${text.textContent} leaves the picture`);
      }
    }
    return found;
  });
  for (const text of out) faults.push(`${where}: ${text}`);
}

async function keyboard(page) {
  const total = await page.locator("main article").count();
  await page.keyboard.press("/");
  expect(await page.evaluate(() => document.activeElement.id) === "find", "/ does not lead to the search");
  await page.keyboard.type("place");
  const hits = await page.locator("main article:visible").count();
  expect(hits > 0 && hits < total, `search shows ${hits} of ${total}`);
  expect(/match/.test(await page.textContent("#found")), "the number of hits is not announced");
  await page.keyboard.press("Enter");
  expect(/^#./.test(await page.evaluate(() => location.hash)), "Enter does not lead to the first hit");
  await page.focus("#find");
  await page.keyboard.press("ArrowDown");
  expect(await page.evaluate(() => document.activeElement.closest("nav") !== null), "the arrow key does not lead to the hits");
  await page.focus("#find");
  await page.keyboard.press("Escape");
  expect(await page.locator("main article:visible").count() === total, "Escape does not end the search");
  await page.keyboard.press("Control+k");
  expect(await page.evaluate(() => document.activeElement.id) === "find", "Control+K does not lead to the search");
  await page.keyboard.press("Escape");
  const before = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.click(".theme"); // light
  await page.click(".theme"); // dark
  expect(before !== await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "the theme does not change");
  await page.click(".theme"); // auto
}

async function tryIt(page) {
  const op = page.locator("#placeOrder");
  await op.locator(".try-open").click();
  const qty = op.locator('[data-at="/body/items/0/qty"]');
  await qty.fill("200");
  await op.getByRole("button", { name: "Send and wait" }).click();
  await op.getByText("nothing was sent").waitFor();
  expect(await qty.getAttribute("aria-invalid") === "true", "the wrong field is not marked");
  expect(await page.evaluate(() => document.activeElement.dataset.at) === "/body/items/0/qty", "the wrong field has not the focus");
  const said = await page.textContent("#" + await qty.getAttribute("aria-describedby"));
  expect(said === "must be 100 or less", `the wrong field says ${said}`);
  await inspect(page, "form with an error");

  await qty.fill("2");
  await op.getByRole("button", { name: "Send and wait" }).click();
  await op.getByText(/^Receipt.* after [\d.]+ ms$/).waitFor();
  expect(await op.locator("[aria-invalid]").count() === 0, "the mark stays at the field");
  expect(/"total": 1990/.test(await op.locator(".result pre").textContent()), "the reply is not shown");
  expect(/correlation-id/.test(await op.locator(".result").textContent()), "the properties are not shown");
  await op.locator(".try").screenshot({ path: `${folder}/${name}-try.png` });
  await inspect(page, "form with a reply");

  await op.getByRole("button", { name: "Write JSON" }).click();
  const code = op.locator('textarea[data-at="/body"]');
  await code.fill((await code.inputValue()).replace('"A1"', '"gone"'));
  await op.getByRole("button", { name: "Send and wait" }).click();
  await op.getByText(/^Error failed_precondition after/).waitFor();
  expect(/out of stock/.test(await op.locator(".result").textContent()), "the text of the error is not shown");
  await op.getByRole("button", { name: "Check" }).click();
  await op.getByText("The service would take it").waitFor();
}

// Replies are seen while the handler still runs, and Stop cancels it. The test
// lets the handler yield at /drip and tells at /ended how it ended.
async function stream(page) {
  const op = page.locator("#drip");
  expect(/Drip→Placed, Placed, …/.test(await op.locator(".glance").textContent()), `the glance is ${await op.locator(".glance").textContent()}`);
  await drawings(page, "stream");
  await op.locator(".try-open").click();
  await op.locator('[data-at="/body"]').fill("1");
  await op.getByRole("button", { name: "Send and read" }).click();
  await op.getByText("Reading: 1 reply so far").waitFor();
  expect(await op.locator(".replies li").count() === 1, "the first reply is not shown while the handler runs");
  await fetch(`${base}/drip?n=2`);
  await op.getByText("Reading: 2 replies so far").waitFor();
  await inspect(page, "stream running");
  await op.locator(".try").screenshot({ path: `${folder}/${name}-stream.png` });
  await fetch(`${base}/drip?n=0`);
  await op.getByText(/^Complete: 2 replies in/).waitFor();
  expect(await (await fetch(`${base}/ended`)).text() === "by itself", "the handler did not end by itself");
  await op.getByRole("button", { name: "Send and read" }).click();
  await op.getByText("Reading: 1 reply so far").waitFor();
  await op.getByRole("button", { name: "Stop" }).click();
  await op.getByText("Stopped after 1 reply; its handler is cancelled.").waitFor();
  expect(await (await fetch(`${base}/ended`)).text() === "cancelled", "Stop does not cancel the handler");
  expect(await op.locator(".replies li").count() === 1, "Stop takes the replies away");
  await op.getByRole("button", { name: "Send and read" }).click();
  await op.getByText("Reading: 1 reply so far").waitFor();
  await fetch(`${base}/drip?n=-1`);
  await op.getByText("Error data_loss after 1 reply").waitFor();
  await inspect(page, "stream with an error");
}

// A stream of items is tried with one; a reply that comes later says so.
async function items(page) {
  for (const [id, wanted] of [["restock", "ItemInput, ItemInput, …→Receipt"], ["reprice", "ItemInput, ItemInput, …↔Item, Item, …"], ["approve", "Order→Receipt"]]) {
    const glance = await page.locator(`#${id} .glance`).textContent();
    expect(glance === wanted, `the glance of ${id} is ${glance}`);
    await page.locator(`#${id} .try-open`).click();
  }
  await page.locator("#approve").getByText("The reply may come in hours or days.").waitFor();
  const op = page.locator("#restock");
  await op.getByText("This page sends one item, which is a stream of one.").waitFor();
  await op.getByRole("button", { name: "Send and wait" }).click();
  await op.getByText(/^Receipt result after [\d.]+ ms$/).waitFor();
  for (const summary of await op.locator(".frames > summary").all()) await summary.click();
  expect(await op.getByText("Client stream", { exact: false }).first().isVisible(), "the frames are not shown");
  await op.screenshot({ path: `${folder}/${name}-items.png` });
  const both = page.locator("#reprice");
  await both.getByRole("button", { name: "Send and read" }).click();
  await both.getByText(/^Complete: 1 reply in/).waitFor();
  await inspect(page, "streams of items");
}

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: flags, timeout: 120_000 });
  try {
    if (tries === "stream") {
      const page = await open(browser, { width: 1360, height: 900 }, "light");
      await stream(page);
      await items(page);
      await page.context().close();
      const phone = await open(browser, { width: 390, height: 844 }, "dark");
      await inspect(phone, "streams on a phone");
      await drawings(phone, "streams on a phone");
      await phone.context().close();
      console.log(JSON.stringify(faults));
      return;
    }
    for (const [device, size] of [["desktop", { width: 1360, height: 900 }], ["phone", { width: 390, height: 844 }]]) {
      for (const scheme of ["light", "dark"]) {
        const page = await open(browser, size, scheme);
        await page.screenshot({ path: `${folder}/${name}-${device}-${scheme}.png` });
        if (tries === "true" || (device === "phone") === (scheme === "dark")) await inspect(page, `${device} ${scheme}`);
        if (scheme === "light") await drawings(page, device);
        if (scheme === "light") await keyboard(page);
        if (scheme === "light" && tries === "true") await tryIt(page);
        await page.locator("main article").first().screenshot({ path: `${folder}/${name}-${device}-${scheme}-operation.png` });
        await page.context().close();
      }
    }
    const still = await open(browser, { width: 1360, height: 900 }, "light", false);
    const text = await still.innerText("main");
    for (const part of ["required", "→", "Example"]) expect(text.includes(part), `without JavaScript there is no ${part}`);
    expect(await still.locator(".find, .theme").evaluateAll((all) => all.every((e) => e.offsetParent === null)).catch(() => true), "without JavaScript dead controls are shown");
    await still.emulateMedia({ media: "print" });
    expect(!(await still.locator(".side").isVisible()), "the sidebar is printed");
    await still.context().close();
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(faults));
})().catch((e) => { console.log(JSON.stringify([...faults, String(e.stack ?? e)])); });
