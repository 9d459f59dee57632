"use strict";
/*
 * The front page of a relay whose certificate nobody vouches for: each
 * visitor gets an account of their own from /new, as a link in the button
 * and as a QR code (ISO/IEC 18004; bytes, level M, versions 1 to 12).
 */
(function () {
	/* By version: check bytes of a block, blocks, bytes in all. */
	const VERSIONS = [null,
		[10, 1, 26], [16, 1, 44], [26, 1, 70], [18, 2, 100],
		[24, 2, 134], [16, 4, 172], [18, 4, 196], [22, 4, 242],
		[22, 5, 292], [26, 5, 346], [30, 5, 404], [22, 8, 466]];
	const QUIET = 4;

	/* The product of two elements of the field GF(256) over 0x11d. */
	function times(a, b) {
		let product = 0;
		for (let bit = 7; bit >= 0; bit--) {
			product = (product << 1) ^ ((product >> 7) * 0x11d);
			product ^= ((b >> bit) & 1) * a;
		}
		return product;
	}

	/* The product of (x - 2^i) for i below n, without its first term. */
	function generator(n) {
		const poly = new Array(n).fill(0);
		poly[n - 1] = 1;
		for (let i = 0, root = 1; i < n; i++, root = times(root, 2))
			for (let j = 0; j < n; j++)
				poly[j] = times(poly[j], root) ^ (poly[j + 1] || 0);
		return poly;
	}

	function checkBytes(data, poly) {
		const rest = new Array(poly.length).fill(0);
		for (const byte of data) {
			const factor = byte ^ rest.shift();
			rest.push(0);
			poly.forEach((p, i) => { rest[i] ^= times(p, factor); });
		}
		return rest;
	}

	/* Mode, length, bytes, padding. */
	function dataBytes(text, version, room) {
		const bits = [];
		const put = (value, n) => {
			while (n-- > 0)
				bits.push((value >> n) & 1);
		};
		put(4, 4);
		put(text.length, version < 10 ? 8 : 16);
		text.forEach(byte => put(byte, 8));
		put(0, Math.min(4, room * 8 - bits.length));
		put(0, -bits.length & 7);
		for (let pad = 0xec; bits.length < room * 8; pad ^= 0xec ^ 0x11)
			put(pad, 8);
		const bytes = [];
		for (let i = 0; i < bits.length; i += 8)
			bytes.push(bits.slice(i, i + 8).reduce((a, b) => a * 2 + b));
		return bytes;
	}

	/* Blocks with their check bytes, dealt out in turn. */
	function interleave(data, version) {
		const [nCheck, nBlocks, total] = VERSIONS[version];
		const poly = generator(nCheck);
		const nLong = total % nBlocks;
		const shortLen = Math.floor(total / nBlocks) - nCheck;
		const blocks = [], out = [];
		for (let i = 0, at = 0; i < nBlocks; i++) {
			const len = shortLen + (i >= nBlocks - nLong ? 1 : 0);
			blocks.push(data.slice(at, at + len));
			at += len;
		}
		for (let i = 0; i <= shortLen; i++)
			blocks.forEach(b => { if (i < b.length) out.push(b[i]); });
		const checks = blocks.map(b => checkBytes(b, poly));
		for (let i = 0; i < nCheck; i++)
			checks.forEach(c => out.push(c[i]));
		return out;
	}

	/* Value and remainder of a BCH code. */
	function withRemainder(value, bits, poly) {
		let rest = value;
		for (let i = 0; i < bits; i++)
			rest = (rest << 1) ^ ((rest >> (bits - 1)) * poly);
		return value << bits | rest;
	}

	/* Where alignment patterns are, on both axes. */
	function alignments(version, size) {
		if (version === 1)
			return [];
		const n = Math.floor(version / 7) + 2;
		const step = Math.ceil((version * 4 + 4) / (n * 2 - 2)) * 2;
		const at = [6];
		for (let i = n - 2; i >= 0; i--)
			at.push(size - 7 - i * step);
		return at;
	}

	/* Squares inside each other; those of the radii in `light` are light. */
	function rings(code, x, y, radius, light) {
		for (let dy = -radius; dy <= radius; dy++)
			for (let dx = -radius; dx <= radius; dx++) {
				const far = Math.max(Math.abs(dx), Math.abs(dy));
				code.set(x + dx, y + dy, !light.includes(far));
			}
	}

	/* Where readers look for the code, and for its squares. */
	function setFinders(code) {
		const far = code.size - 4;
		for (let i = 0; i < code.size; i++) {
			code.set(6, i, i % 2 === 0);
			code.set(i, 6, i % 2 === 0);
		}
		for (const [x, y] of [[3, 3], [far, 3], [3, far]])
			rings(code, x, y, 4, [2, 4]);
	}

	function setAlignments(code, version) {
		const at = alignments(version, code.size), last = code.size - 7;
		const isFinder = (x, y) => (x === 6 && (y === 6 || y === last)) ||
			(x === last && y === 6);
		for (const y of at)
			for (const x of at)
				if (!isFinder(x, y))
					rings(code, x, y, 2, [1]);
	}

	function setVersion(code, version) {
		const bits = withRemainder(version, 12, 0x1f25);
		for (let i = 0; i < 18 && version >= 7; i++) {
			const a = code.size - 11 + i % 3, b = Math.floor(i / 3);
			code.set(a, b, bits >> i & 1);
			code.set(b, a, bits >> i & 1);
		}
	}

	/* What is not data; the rest is undefined. */
	function frame(version, mask) {
		const size = version * 4 + 17;
		const cells = Array.from({ length: size }, () => new Array(size));
		const set = (x, y, dark) => {
			if (cells[y] && x >= 0 && x < size)
				cells[y][x] = dark ? 1 : 0;
		};
		const code = { cells, set, size };
		setFinders(code);
		setAlignments(code, version);
		setVersion(code, version);
		setFormat(code, mask);
		return code;
	}

	/* Level M has the bits 00. */
	function setFormat({ set, size }, mask) {
		const bits = withRemainder(mask, 10, 0x537) ^ 0x5412;
		for (let i = 0; i < 15; i++) {
			const dark = bits >> i & 1;
			const near = i < 6 ? i : i < 8 ? i + 1 : 14 - i;
			if (i < 8) {
				set(8, near, dark);
				set(size - 1 - i, 8, dark);
			} else {
				set(i === 8 ? 7 : near, 8, dark);
				set(8, size - 15 + i, dark);
			}
		}
		set(8, size - 8, 1);
	}

	const MASKS = [
		(x, y) => (x + y) % 2,
		(x, y) => y % 2,
		(x, y) => x % 3,
		(x, y) => (x + y) % 3,
		(x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
		(x, y) => x * y % 2 + x * y % 3,
		(x, y) => (x * y % 2 + x * y % 3) % 2,
		(x, y) => ((x + y) % 2 + x * y % 3) % 2,
	];

	/* Free places, up and down in columns of two, from the right. */
	function* places({ cells, size }) {
		for (let right = size - 1; right >= 1; right -= 2) {
			if (right === 6)
				right = 5;
			const isUp = (right + 1 & 2) === 0;
			for (let step = 0; step < size; step++) {
				const y = isUp ? size - 1 - step : step;
				for (const x of [right, right - 1])
					if (cells[y][x] === undefined)
						yield [x, y];
			}
		}
	}

	/* What is left after the last byte is 0. */
	function fill(code, bytes, mask) {
		let i = 0;
		for (const [x, y] of places(code)) {
			const bit = bytes[i >> 3] >> (7 - (i & 7)) & 1;
			code.cells[y][x] = bit ^ (MASKS[mask](x, y) === 0 ? 1 : 0);
			i++;
		}
	}

	/* How hard it is to read: long runs, blocks, too dark or too light. */
	function penalty({ cells, size }) {
		let sum = 0, nDark = 0;
		const lines = cells.concat(
			cells.map((_, x) => cells.map(row => row[x])));
		for (const line of lines)
			for (const run of line.join("").match(/0{5,}|1{5,}/g) || [])
				sum += run.length - 2;
		for (let y = 0; y < size; y++)
			for (let x = 0; x < size; x++) {
				nDark += cells[y][x];
				const four = y && x && cells[y][x] + cells[y - 1][x] +
					cells[y][x - 1] + cells[y - 1][x - 1];
				if (y && x && four % 4 === 0)
					sum += 3;
			}
		return sum + Math.floor(Math.abs(nDark * 20 / size / size - 10)) * 10;
	}

	function encode(string) {
		const text = Array.from(new TextEncoder().encode(string));
		const version = VERSIONS.findIndex((v, i) => v &&
			v[2] - v[0] * v[1] >= text.length + (i < 10 ? 2 : 3));
		if (version < 0)
			throw new Error("too long for a code");
		const [nCheck, nBlocks, total] = VERSIONS[version];
		const bytes = interleave(
			dataBytes(text, version, total - nCheck * nBlocks), version);
		let best = null;
		for (let mask = 0; mask < MASKS.length; mask++) {
			const code = frame(version, mask);
			fill(code, bytes, mask);
			code.penalty = penalty(code);
			if (!best || code.penalty < best.penalty)
				best = code;
		}
		return best;
	}

	function element(name, attributes) {
		const e = document.createElementNS(
			"http://www.w3.org/2000/svg", name);
		for (const key in attributes)
			e.setAttribute(key, attributes[key]);
		return e;
	}

	function draw(string) {
		const { cells, size } = encode(string);
		const edge = size + 2 * QUIET;
		const svg = element("svg", { "class": "qr", role: "img",
			viewBox: [-QUIET, -QUIET, edge, edge].join(" "),
			"aria-label": "QR code of your invitation" });
		const path = cells.map((row, y) => row.map((dark, x) =>
			dark ? `M${x} ${y}h1v1h-1z` : "").join("")).join("");
		svg.append(
			element("rect", { x: -QUIET, y: -QUIET, width: edge,
				height: edge, fill: "#fff" }),
			element("path", { d: path,
				"shape-rendering": "crispEdges" }));
		return svg;
	}

	async function fetchLink() {
		const response = await fetch("/new", { method: "POST" });
		const answer = await response.json().catch(() => ({}));
		if (!answer.dclogin_url)
			throw new Error(answer.reason || "the relay does not answer as it should");
		return answer.dclogin_url;
	}

	async function renew() {
		const at = id => document.getElementById(id);
		let trouble = "";
		try {
			const link = await fetchLink();
			at("invite").href = link;
			at("invite-qr").replaceChildren(draw(link));
			at("invite-card").hidden = false;
		} catch (error) {
			at("invite-card").hidden = true;
			trouble = "No code could be made just now: " +
				error.message + ".";
		}
		at("invite-trouble").textContent = trouble;
	}

	document.getElementById("invite-again").addEventListener("click", renew);
	renew();
})();
