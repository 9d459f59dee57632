"use strict";
/*
 * closed.js URL: what the front page says of a relay that gives no new
 * accounts; nothing while it shows a code all the same.
 */
const { chromium } = require(process.env.BROWSER_MODULES + "/playwright-core");

async function main() {
	const browser = await chromium.launch({
		executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
	const page = await browser.newPage();
	await page.goto(process.argv[2]);
	await page.waitForSelector("#invite-trouble:not(:empty)");
	if (!await page.isVisible("#invite-card"))
		console.log(await page.textContent("#invite-trouble"));
	await browser.close();
}

main().catch(e => {
	console.error(e);
	process.exit(1);
});
