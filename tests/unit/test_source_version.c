/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/source/base64.h"
#include "../../daemon/source/version.h"

#include "tap.h"

#define SHA "5f2da1a0c0ffee00c0ffee00c0ffee00c0ffee00"
#define DIGEST "0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"

typedef const char *read_sha(struct intake *in, const char *text);

static void check(read_sha *read, const char *text, const char *want)
{
	struct arena *arena = arena_create();
	struct intake in = {.arena = arena};

	CHECK_STR(read(&in, text), want);
	arena_destroy(arena);
}

static void a_version_is_a_commit_if_it_looks_like_one(void)
{
	check(version_sha, SHA, SHA);
	check(version_sha, "5F2DA1A", "5f2da1a");
	check(version_sha, DIGEST, DIGEST);
	check(version_sha, "1234567890123456789012345678901234567890",
		"1234567890123456789012345678901234567890");
	check(version_sha, "20260601", NULL); /* a date */
	check(version_sha, "5f2da1", NULL);
	check(version_sha, SHA "0", NULL);
	check(version_sha, "2.4.1", NULL);
	check(version_sha, "latest", NULL);
	check(version_sha, "", NULL);
	check(version_sha, NULL, NULL);
}

static void the_tag_of_an_image_may_be_a_commit_its_digest_never(void)
{
	check(image_sha, "shop/checkout:5f2da1a", "5f2da1a");
	check(image_sha, "registry.example:5000/shop/checkout:" SHA, SHA);
	check(image_sha, "registry.example:5000/shop/checkout:5f2da1a@sha256:" DIGEST,
		"5f2da1a");
	check(image_sha, "registry.example:5000/shop/checkout@sha256:" DIGEST, NULL);
	check(image_sha, "abcdef0:5000/shop/checkout", NULL);
	check(image_sha, "checkout:5f2da1a", "5f2da1a");
	check(image_sha, "checkout", NULL);
	check(image_sha, "checkout:2.4.1", NULL);
	check(image_sha, "checkout:", NULL);
	check(image_sha, "checkout:main-5f2da1a", "5f2da1a");
	check(image_sha, "checkout:v1.4-2-g5f2da1a@sha256:" DIGEST, "5f2da1a");
	check(image_sha, "checkout:1.27.1-bookworm", NULL);
	check(image_sha, "checkout:main-", NULL);
	check(image_sha, NULL, NULL);
}

static void a_package_names_its_commit_by_address_or_version(void)
{
	check(purl_sha, "pkg:golang/git.example/shop/checkout@" SHA, SHA);
	check(purl_sha, "pkg:golang/git.example/shop/checkout@5f2da1a#cmd", "5f2da1a");
	check(purl_sha, "pkg:npm/%40shop/checkout@5f2da1a", "5f2da1a");
	check(purl_sha, "pkg:oci/checkout@sha256%3A" DIGEST, NULL);
	check(purl_sha,
		"pkg:oci/checkout@sha256%3A" DIGEST
		"?tag=1&vcs_url=git%2Bhttps://git.example/shop/checkout.git%40" SHA "&arch=x",
		SHA);
	check(purl_sha, "pkg:oci/checkout@5f2da1a?vcs_url=git.example", "5f2da1a");
	check(purl_sha, "pkg:oci/checkout?vcs_url=git%40main", NULL);
	check(purl_sha, "pkg:oci/checkout", NULL);
	check(purl_sha, "checkout@5f2da1a", NULL);
	check(purl_sha, NULL, NULL);
}

static void check_base64(const char *text, const char *want)
{
	struct arena *arena = arena_create();
	size_t n = 0;
	char *bytes = base64_read(text, strlen(text), arena, &n);

	CHECK_STR(bytes, want);
	if (want)
		CHECK_INT(n, strlen(want));
	arena_destroy(arena);
}

static void base64_is_read_with_its_padding(void)
{
	check_base64("", "");
	check_base64("Zg==", "f");
	check_base64("Zm8=", "fo");
	check_base64("Zm9v", "foo");
	check_base64(" Zm9vYmE=\r\n", "fooba");
	check_base64("Zm9", NULL);
	check_base64("Zm9v!!!!", NULL);
	check_base64("    ", "");
}

int main(void)
{
	RUN(a_version_is_a_commit_if_it_looks_like_one);
	RUN(the_tag_of_an_image_may_be_a_commit_its_digest_never);
	RUN(a_package_names_its_commit_by_address_or_version);
	RUN(base64_is_read_with_its_padding);
	return tap_done();
}
