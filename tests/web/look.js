"use strict";
/*
 * look.js URL ADDRESS DIR: opens every page of a relay at ADDRESS as URL, on
 * a dark phone and on a light desktop, and prints one JSON object:
 * what is wrong, and the link of the button. Screenshots go to DIR.
 */
const { chromium } = require(process.env.BROWSER_MODULES + "/playwright-core");
const axe = require(process.env.BROWSER_MODULES + "/axe-core");

const [, , URL_BASE, ADDRESS, DIR] = process.argv;
const PAGES = ["", "info", "privacy", "nowhere"];
const PAGE_MAX_BYTES = 60 * 1024;
const VIEWS = [
	{ name: "phone", width: 390, height: 844, scheme: "dark" },
	{ name: "desktop", width: 1280, height: 800, scheme: "light" },
];
const troubles = [];

/* What the page says, asks for and weighs while it is open. */
function listen(page, seen) {
	page.on("console", m => {
		/* The page that is not there is one. */
		if (!(m.text().includes("404") && m.location().url.endsWith("/nowhere")))
			seen.troubles.push(`console: ${m.text()}`);
	});
	page.on("pageerror", e => seen.troubles.push(`script: ${e}`));
	page.on("requestfailed", r => seen.troubles.push(`failed: ${r.url()}`));
	page.on("request", r => {
		if (!r.url().startsWith(URL_BASE))
			seen.troubles.push(`asks elsewhere: ${r.url()}`);
	});
	page.on("requestfinished", r => seen.sizes.push(r.sizes().then(s =>
		s.responseBodySize + s.responseHeadersSize)));
}

async function look(page, name, seen) {
	const response = await page.goto(URL_BASE + name);
	if (name === "")
		await page.waitForSelector(".qr");
	const want = name === "nowhere" ? 404 : 200;
	if (response.status() !== want)
		seen.troubles.push(`status ${response.status()}`);
	const wide = await page.evaluate(() =>
		document.documentElement.scrollWidth - innerWidth);
	if (wide > 0)
		seen.troubles.push(`${wide} pixels too wide`);
	await page.evaluate(axe.source);
	const { violations } = await page.evaluate("axe.run()");
	for (const v of violations)
		seen.troubles.push(`${v.id}: ${v.help}: ${v.nodes[0].html}`);
	const bytes = (await Promise.all(seen.sizes)).reduce((a, b) => a + b, 0);
	if (bytes > PAGE_MAX_BYTES)
		seen.troubles.push(`${bytes} bytes`);
	return bytes;
}

/* Whoever has a keyboard only sees where he is. */
async function checkFocus(page) {
	const seen = new Set();
	for (let i = 0; i < 8; i++) {
		await page.keyboard.press("Tab");
		const at = await page.evaluate(() => {
			const e = document.activeElement;
			const box = e.getBoundingClientRect();
			return { text: e.textContent.trim(), top: box.top,
				outline: getComputedStyle(e).outlineStyle };
		});
		seen.add(at.text);
		if (at.outline === "none" || at.top < 0)
			troubles.push(`no sign of focus on "${at.text}"`);
	}
	for (const text of ["Skip to the content", "Get an account"])
		if (!seen.has(text))
			troubles.push(`the keyboard does not reach "${text}"`);
}

async function withoutScripts(browser) {
	const context = await browser.newContext({ javaScriptEnabled: false });
	const page = await context.newPage();
	await page.goto(URL_BASE);
	const link = await page.getAttribute("#invite", "href");
	const text = await page.textContent("main");
	await context.close();
	return { link, says: text.includes("Without scripts") };
}

async function view(browser, v) {
	const context = await browser.newContext({ colorScheme: v.scheme,
		viewport: { width: v.width, height: v.height } });
	const page = await context.newPage();
	for (const name of PAGES) {
		const seen = { troubles: [], sizes: [] };
		const what = `${name || "index"}-${v.name}-${v.scheme}`;
		page.removeAllListeners();
		listen(page, seen);
		const bytes = await look(page, name, seen);
		console.error(`${what}: ${bytes} bytes`);
		await page.screenshot({ path: `${DIR}/${what}.png`, fullPage: true });
		seen.troubles.forEach(t => troubles.push(`${what}: ${t}`));
	}
	return page;
}

async function main() {
	const browser = await chromium.launch({
		executablePath: "/usr/bin/chromium",
		args: ["--no-sandbox", `--host-resolver-rules=MAP * ${ADDRESS}`],
	});
	let page;
	for (const v of VIEWS)
		page = await view(browser, v);
	await page.goto(URL_BASE);
	await page.waitForSelector(".qr");
	await page.screenshot({ path: `${DIR}/whole.png` });
	const link = await page.getAttribute("#invite", "href");
	await checkFocus(page);
	const plain = await withoutScripts(browser);
	await browser.close();
	console.log(JSON.stringify({ troubles, link, plain_link: plain.link,
		plain_says: plain.says }));
}

main().catch(e => {
	console.error(e);
	process.exit(1);
});
