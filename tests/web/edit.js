"use strict";
/*
 * edit.js URL DIR: has a page of `cmdeploy webdev` open while its sources in
 * DIR change, break and are mended; exits with 0 when the page follows.
 */
const fs = require("fs");
const { chromium } = require(process.env.BROWSER_MODULES + "/playwright-core");

const [, , URL_BASE, DIR] = process.argv;
const WAIT = { timeout: 20000 };

async function until(page, text, step) {
	await page.waitForFunction(
		t => document.body.textContent.includes(t), text, WAIT);
	console.error(step);
}

async function main() {
	const browser = await chromium.launch({
		executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
	const page = await browser.newPage();
	const file = `${DIR}/info.md`;
	const before = fs.readFileSync(file, "utf8");
	await page.goto(URL_BASE + "info");
	await until(page, "Limits", "it is there");
	fs.writeFileSync(file, before + "\nA new line.\n");
	await until(page, "A new line.", "it has followed a change");
	fs.writeFileSync(file, before + "\n{{nobody}}\n");
	await until(page, 'nothing is called "nobody"', "it shows what is wrong");
	await until(page, `${DIR}/info.md: line `, "and where");
	fs.writeFileSync(file, before);
	await until(page, "Limits", "it has mended itself");
	await browser.close();
}

main().catch(e => {
	console.error(e);
	process.exit(1);
});
