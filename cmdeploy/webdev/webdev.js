"use strict";
/* The page loads itself again when its source, or the server, has changed. */
(function () {
	const changes = new EventSource("/-/changes");
	let wasLost = false;
	changes.onmessage = () => location.reload();
	changes.onerror = () => { wasLost = true; };
	changes.onopen = () => {
		if (wasLost)
			location.reload();
	};
})();
