/* Pages out of their sources: words, Markdown, QR codes, the whole. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "chatmaild/common/config.h"
#include "cmdeploy/site/build.h"
#include "cmdeploy/site/markdown.h"
#include "cmdeploy/site/qr.h"
#include "cmdeploy/site/values.h"
#include "lib/file.h"
#include "tests/test.h"

enum {
	TEXT_MAX_BYTES = 1 << 20,
};

static char root[] = "/tmp/test-site.XXXXXX";

static const struct {
	uint64_t bytes;
	const char *want;
} sizes[] = {
	{ 0, "0 bytes" },
	{ 1023, "1023 bytes" },
	{ 1024, "1 KB" },
	{ 1536, "1.5 KB" },
	{ 31457280, "30 MB" },
	{ 524288000, "500 MB" },
	{ 1073741823, "1023.9 MB" },
	{ 1UL << 30, "1 GB" },
	{ 3UL << 50, "3072 TB" },
};

static void test_words(void)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
		values_add_bytes(&out, sizes[i].bytes);
		check_str(sizes[i].want, buf_str(&out), sizes[i].want);
	}
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	values_add_count(&out, 1, "day");
	values_add_count(&out, 20, ", day");
	check_str("counts", buf_str(&out), "1 day20 , days");
}

static const struct {
	const char *text, *want;
} texts[] = {
	{ "plain", "plain" },
	{ "<script>alert('&\")</script>",
		"&lt;script&gt;alert('&amp;&quot;)&lt;/script&gt;" },
	{ "_a_ *b* `c` [d](e) ~f~ |g| #h \\* &amp;",
		"_a_ *b* `c` [d](e) ~f~ |g| #h \\* &amp;amp;" },
	{ "one\ntwo", "one<br>two" },
};

/* Whatever an operator writes, Markdown shows it as it is. */
static void test_text(void)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO_BUF struct buf safe = BUF_INIT(TEXT_MAX_BYTES);
		AUTO_BUF struct buf html = BUF_INIT(TEXT_MAX_BYTES);
		AUTO_FREE char *want = xasprintf("<p>%s</p>\n", texts[i].want);
		values_add_text(&safe, slice_of(texts[i].text));
		check_int(
			"renders", markdown_render(buf_slice(&safe), &html), 0);
		check_str(texts[i].text, buf_str(&html), want);
	}
}

static const struct {
	const char *name, *text, *html, *title;
} marked[] = {
	{ "heading", "# One *two*\n", "<h1>One <em>two</em></h1>\n",
		"One two" },
	{ "no heading", "word\n", "<p>word</p>\n", NULL },
	{ "only the second level", "## Two\n", "<h2>Two</h2>\n", NULL },
	{ "entity in a heading", "# a & b\n", "<h1>a &amp; b</h1>\n",
		"a &amp; b" },
	{ "table", "| a | b |\n| --- | --- |\n| 1 | 2 |\n",
		"<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n"
		"</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n"
		"</tbody>\n</table>\n",
		NULL },
	{ "html", "<div class=\"x\">\n<b>*</b>\n</div>\n",
		"<div class=\"x\">\n<b>*</b>\n</div>\n", NULL },
	{ "empty", "", "", NULL },
};

static void test_markdown(void)
{
	for (size_t i = 0; i < ARRAY_LEN(marked); i++) {
		AUTO_BUF struct buf html = BUF_INIT(TEXT_MAX_BYTES);
		AUTO_BUF struct buf title = BUF_INIT(TEXT_MAX_BYTES);
		check_int("renders",
			markdown_render(slice_of(marked[i].text), &html), 0);
		check_str(marked[i].name, buf_str(&html), marked[i].html);
		check_int(marked[i].name,
			markdown_title(buf_slice(&html), &title),
			marked[i].title != NULL);
		if (marked[i].title)
			check_str(marked[i].name, buf_str(&title),
				marked[i].title);
	}
	AUTO_BUF struct buf small = BUF_INIT(4);
	check_int("too large", markdown_render(SLICE("# words\n"), &small),
		-EFBIG);
}

static void test_modules(void)
{
	QRcode *code;
	AUTO_FREE char *longest = xmalloc(4001);

	memset(longest, 'x', 4000);
	longest[4000] = '\0';
	check_int("too long", qr_encode_sturdy(longest, &code), -EMSGSIZE);
	check_int("made", qr_encode_sturdy("hello", &code), 0);
	check_int("smallest", code->width, 21);
	check("corner", qr_is_dark(code, 0, 0));
	check("beside", !qr_is_dark(code, 1, 1));
	check("outside", !qr_is_dark(code, -1, 0));
	check("outside", !qr_is_dark(code, 21, 0));
	check_int("middle", qr_clear_middle(code), 5);
	for (int i = 0; i < 25; i++)
		check("cleared", !qr_is_dark(code, 8 + i % 5, 8 + i / 5));
	QRcode_free(code);
	longest[100] = '\0';
	check_int("long", qr_encode_sturdy(longest, &code), 0);
	check_int("less sturdy, but with room for a logo", code->width, 41);
	check_int("middle", qr_clear_middle(code), 9);
	QRcode_free(code);
	longest[100] = 'x';
	longest[110] = '\0';
	check_int("longer", qr_encode_sturdy(longest, &code), 0);
	check_int("a pattern in the middle", qr_clear_middle(code), 0);
	check("stays", qr_is_dark(code, code->width / 2, code->width / 2));
	QRcode_free(code);
}

static void test_qr(void)
{
	AUTO_BUF struct buf svg = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf png = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf again = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf small = BUF_INIT(100);

	check_int("svg", qr_add_svg("hello", true, &svg), 0);
	check("quiet zone",
		strstr(buf_str(&svg), "viewBox=\"-4 -4 29 29\"") != NULL);
	check("logo", strstr(buf_str(&svg), "href=\"/logo.svg\"") != NULL);
	buf_reset(&svg);
	check_int("svg", qr_add_svg("hello", false, &svg), 0);
	check("no logo", strstr(buf_str(&svg), "<image") == NULL);
	check_int("png", qr_add_png("hello", &png), 0);
	check("is one", slice_starts(buf_slice(&png), SLICE("\x89PNG\r\n")));
	check_int("png", qr_add_png("hello", &again), 0);
	check_slice("the same again", buf_slice(&png), buf_slice(&again));
	check_int("png too large", qr_add_png("hello", &small), -EFBIG);
}

static void put(const char *suffix, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, suffix);

	check_int(suffix,
		file_write(path, slice_of(text),
			(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 },
			NULL),
		0);
}

static void make_dir(const char *suffix)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, suffix);

	check_int(suffix, dir_make(path, 0755, NULL), 0);
}

static void set_vars(struct template_vars *vars, const char *ini)
{
	struct config config;
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	check_int("settings",
		config_parse(slice_of(ini), "x", &config, NULL, NULL, &why), 0);
	for (size_t i = 0; i < config_settings.n; i++) {
		AUTO_BUF struct buf value = BUF_INIT(TEXT_MAX_BYTES);
		settings_value_text(&config_settings.rows[i], &config, &value);
		template_vars_set(
			vars, config_settings.rows[i].key, buf_str(&value));
	}
	template_vars_set(vars, "address_domain", config.address_domain);
	template_vars_set_bool(vars, "is_ip_literal", config.is_ip_literal);
	template_vars_set_bool(vars, "self_signed", config.is_self_signed);
	template_vars_set(vars, "operators_ini_path", "/etc/x.ini");
	config_release(&config);
}

/* Builds root/www/src (or ours); `why` and `notes` tell how it went. */
static int build(bool is_ours, const char *ini, struct file_set *out,
	struct buf *notes, struct buf *why)
{
	AUTO_FREE char *dir = xasprintf("%s/www/src", root);
	struct template_vars vars = { 0 };
	struct site_source source = { 0 };
	int r = site_source_read(is_ours ? NULL : dir, &source, why);

	set_vars(&vars, ini);
	if (r == 0)
		r = site_build(&source, &vars, out, notes, why);
	site_source_release(&source);
	template_vars_release(&vars);
	return r;
}

static void check_page(const char *name, const struct file_set *pages,
	const char *page, const char *want)
{
	const struct file_bytes *file = file_set_find(pages, page);

	check(name, file != NULL);
	check_str(name, file ? file->ptr : "", want);
}

#define NAMED "[params]\nmail_domain = a.org\n"

static void test_build(void)
{
	AUTO_BUF struct buf notes = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct file_set pages = { 0 };

	make_dir("www/src/img");
	put("www/src/page-layout.html",
		"{{page_name}}|{{page_title}}|{{#on_index}}first{{/on_index}}|"
		"{{content}}");
	put("www/src/index.md",
		"# Hi {{mail_domain}}\n\n{{delete_mails_after}}\n");
	put("www/src/other.md",
		"{{#is_ip_literal}}\nno\n{{/is_ip_literal}}\n"
		"{{max_message_size}} {{username_length}}\n");
	put("www/src/plain.html", "<p>{{invite_png}}</p>\n");
	put("www/src/img/a.svg", "<svg>{{</svg>");
	put("www/src/.hidden.md", "{{oops}}");
	put("www/src/index.md~", "{{oops}}");
	check_int("built", build(false, NAMED, &pages, &notes, &why), 0);
	check_str("built", buf_str(&why), "");
	check_int("files", (long long)pages.n, 5);
	check_page("page", &pages, "index.html",
		"index|Hi a.org|first|<h1>Hi a.org</h1>\n<p>20 days</p>\n");
	check_page("untitled", &pages, "other.html",
		"other|other||<p>30 MB 9 characters</p>\n");
	check_page("without layout", &pages, "plain.html",
		"<p>qr-chatmail-invite-a.org.png</p>\n");
	check_page("verbatim", &pages, "img/a.svg", "<svg>{{</svg>");
	check("png",
		file_set_find(&pages, "qr-chatmail-invite-a.org.png") != NULL);
	check_str("notes", buf_str(&notes),
		"the privacy policy does not say who answers for this relay; "
		"fill in privacy_postal, privacy_mail, privacy_pdo, "
		"privacy_supervisor of /etc/x.ini\n");
	file_set_release(&pages);
}

/* A link for all, or one for each visitor: then there is nothing to print. */
static const struct {
	const char *ini;
	const char *link; /* NULL: personal */
} invitations[] = {
	{ "mail_domain = a.org", "dcaccount:https://a.org/new" },
	{ "mail_domain = _a.test", "dcaccount:https://&#95;a.test/new" },
	{ "mail_domain = 10.1.2.3", NULL },
};

static void test_invitations(void)
{
	put("www/src/plain.html",
		"{{invite_link}}|{{has_personal_invite}}|{{invite_png}}");
	for (size_t i = 0; i < ARRAY_LEN(invitations); i++) {
		const char *link = invitations[i].link;
		AUTO_FREE char *ini =
			xasprintf("[params]\n%s\n", invitations[i].ini);
		AUTO_FREE char *want = link
			? xasprintf("%s||qr-chatmail-invite-%s.png", link,
				  strchr(invitations[i].ini, '=') + 2)
			: xstrdup("|true|");
		struct file_set pages = { 0 };
		check_int(ini, build(false, ini, &pages, NULL, NULL), 0);
		check_page(ini, &pages, "plain.html", want);
		check_int(ini, (long long)pages.n, link ? 5 : 4);
		file_set_release(&pages);
	}
}

static const struct {
	const char *file, *text, *want; /* after the folder */
} refused[] = {
	{ "index.md", "a\n\n{{oops}}\n",
		"/index.md: line 3: nothing is called \"oops\"" },
	{ "page-layout.html", "\n{{#content}}\n",
		"/page-layout.html: line 2: the section \"content\" never "
		"ends" },
	{ "index.md", "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n",
		"/index.md: line 2: an unresolved merge (\"<<<<<<<\"); choose "
		"one side and remove the markers" },
	{ "main.css", "a{}\n}}\n>>>>>>> x\n",
		"/main.css: line 3: an unresolved merge (\">>>>>>>\"); choose "
		"one side and remove the markers" },
};

static void check_refused(const char *name, const char *suffix)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *want = xasprintf("%s/www/src%s", root, suffix);
	struct file_set pages = { 0 };

	check(name, build(false, NAMED, &pages, NULL, &why) < 0);
	check_str(name, buf_str(&why), want);
	file_set_release(&pages);
}

static void remove_file(const char *suffix)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, suffix);

	check_int(suffix, unlink(path), 0);
}

static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		AUTO_FREE char *file = xasprintf("www/src/%s", refused[i].file);
		put(file, refused[i].text);
		check_refused(refused[i].want, refused[i].want);
		put(file, "a\n=======\n");
	}
	remove_file("www/src/index.md");
	check_refused("index",
		": index.md is missing: the page that people see first");
	remove_file("www/src/page-layout.html");
	check_refused("layout",
		": page-layout.html is missing: every page is put into it");
}

static void check_find(const char *ini, const char *folder, const char *want)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *path = xasprintf("%s/%s", root, ini);
	AUTO_FREE char *named = folder[0] == '/'
		? xasprintf("%s%s", root, folder)
		: xstrdup(folder);
	AUTO_FREE char *dir = NULL;
	int r = site_source_find(path, named, &dir, &why);

	check_str(folder,
		r < 0         ? "refused"
			: dir ? dir + strlen(root)
			      : "ours",
		want);
	check(folder,
		r == 0 || strstr(buf_str(&why), "www_folder is ") != NULL);
}

static void test_find(void)
{
	check_find("chatmail.ini", "www", "/www/src");
	check_find("chatmail.ini", "/www", "/www/src");
	check_find("www/chatmail.ini", "www", "ours");
	check_find("www/chatmail.ini", "../www", "/www/../www/src");
	check_find("chatmail.ini", "page", "refused");
	check_find("chatmail.ini", "", "ours");
}

/* A clone of the sources has a copy of ours. */
static void test_copy(void)
{
	AUTO_FREE char *dir = xasprintf("%s/clone/www/src", root);
	struct site_source ours = { 0 };

	make_dir("clone");
	make_dir("clone/www");
	make_dir("clone/www/src");
	check("empty", !site_source_is_ours(dir));
	check_int("ours", site_source_read(NULL, &ours, NULL), 0);
	for (size_t i = 0; i < ours.files.n; i++) {
		AUTO_FREE char *name =
			xasprintf("clone/www/src/%s", ours.files.v[i].name);
		put(name, ours.files.v[i].ptr);
	}
	site_source_release(&ours);
	check("a copy", site_source_is_ours(dir));
	put("clone/www/src/index.md", "# Mine\n");
	check("changed", !site_source_is_ours(dir));
}

/* Ours: every page comes out whole, on every kind of relay. */
static void test_ours(void)
{
	static const char *const pages_wanted[] = { "index.html", "info.html",
		"privacy.html", "404.html", "main.css", "logo.svg",
		"robots.txt" };

	for (size_t i = 0; i < ARRAY_LEN(invitations); i++) {
		AUTO_FREE char *ini =
			xasprintf("[params]\n%s\nprivacy_postal = <b>\n  two\n",
				invitations[i].ini);
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct file_set pages = { 0 };
		check_int(ini, build(true, ini, &pages, NULL, &why), 0);
		check_str(ini, buf_str(&why), "");
		for (size_t j = 0; j < ARRAY_LEN(pages_wanted); j++)
			check(pages_wanted[j],
				file_set_find(&pages, pages_wanted[j]));
		const struct file_bytes *policy =
			file_set_find(&pages, "privacy.html");
		check("safe",
			policy &&
				strstr(policy->ptr,
					"<address>&#60;b&#62;<br>two"
					"</address>"));
		file_set_release(&pages);
	}
}

int main(void)
{
	check("root", mkdtemp(root) != NULL);
	test_words();
	test_text();
	test_markdown();
	test_modules();
	test_qr();
	test_build();
	test_invitations();
	test_find();
	test_copy();
	test_refused();
	test_ours();
	dir_remove(root);
	return test_end();
}
