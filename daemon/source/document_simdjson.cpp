/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast way of document.h: simdjson reads all of the text, and only what is wanted becomes
 * a tree of jansson's. Where simdjson refuses, jansson is asked for the words: it knows the
 * line and the column.
 */
extern "C" {
#include "base/xalloc.h"
#include "document.h"
}

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>

namespace
{

namespace dom = simdjson::dom;

/* Memory from one document to the next: it holds nothing that a result depends on. */
struct workshop {
	dom::parser parser;
	std::unique_ptr<char[]> text;
	size_t room = 0;
};

constexpr size_t keep_bytes = size_t{1} << 20; /* of the text; the parser takes 14 times it */
constexpr size_t least_room = size_t{1} << 16;
constexpr size_t words_bytes = size_t{1} << 20; /* beyond, a reason is not worth the time */
constexpr size_t n_digits = 19;                 /* of the smallest integer beyond 64 bits */

json_t *build(dom::element value, const wanted *wants);

json_t *build_object(dom::object object, const wanted *wants)
{
	json_t *tree = json_object();

	for (dom::key_value_pair member : object) {
		const wanted *want = nullptr;

		if (wants) {
			want = document_wants(wants, member.key.data(), member.key.size());
			if (!want)
				continue;
		}
		json_object_setn_new_nocheck(tree, member.key.data(), member.key.size(),
			build(member.value, want ? want->inner : nullptr));
	}
	return tree;
}

json_t *build_array(dom::array array, const wanted *wants)
{
	json_t *tree = json_array();

	for (dom::element item : array)
		json_array_append_new(tree, build(item, wants));
	return tree;
}

json_t *build(dom::element value, const wanted *wants)
{
	dom::object object;
	dom::array array;
	std::string_view text;
	int64_t integer = 0;
	double real = 0;
	bool truth = false;

	/* has_too_big() has refused the one type that is not here. */
	if (!value.get(text))
		return json_stringn_nocheck(text.data(), text.size());
	if (!value.get(object))
		return build_object(object, wants);
	if (!value.get(array))
		return build_array(array, wants);
	if (!value.get(truth))
		return json_boolean(truth);
	if (!value.get(integer)) /* before a double, as which it may be had too */
		return json_integer(integer);
	if (!value.get(real))
		return json_real(real);
	return json_null();
}

bool has_too_big(dom::element value)
{
	dom::object object;
	dom::array array;

	if (!value.get(object)) {
		for (dom::key_value_pair member : object) {
			if (has_too_big(member.value))
				return true;
		}
	} else if (!value.get(array)) {
		for (dom::element item : array) {
			if (has_too_big(item))
				return true;
		}
	}
	return value.type() == dom::element_type::UINT64;
}

/* Whether so many digits stand in a row somewhere: looks at one byte in 19 mostly. */
bool has_long_number(const char *text, size_t n)
{
	size_t at = 0;

	while (at + n_digits <= n) {
		size_t back = n_digits;

		while (back > 0 && isdigit(static_cast<unsigned char>(text[at + back - 1])))
			back--;
		if (back == 0)
			return true;
		at += back;
	}
	return false;
}

json_t *refuse(const char *bytes, size_t n, simdjson::error_code code, struct error *err)
{
	if (n <= words_bytes)
		json_decref(document_read_jansson(bytes, n, nullptr, err));
	error_setf(err, "the body is no JSON: %s", simdjson::error_message(code));
	return nullptr;
}

json_t *parse(
	workshop &shop, const char *bytes, size_t n, const wanted *wants, struct error *err)
{
	dom::element root;
	simdjson::error_code code = simdjson::SUCCESS;

	if (n > shop.room || !shop.text) {
		shop.room = std::max(n, least_room);
		shop.text.reset(
			new (std::nothrow) char[shop.room + simdjson::SIMDJSON_PADDING]);
		if (!shop.text)
			out_of_memory();
	}
	std::memcpy(shop.text.get(), bytes, n);
	std::memset(shop.text.get() + n, ' ', simdjson::SIMDJSON_PADDING);
	document_replace_nul(shop.text.get(), n);

	if (shop.parser.capacity() < n || shop.parser.capacity() == 0)
		code = shop.parser.allocate(std::max(n, least_room), DOCUMENT_MAX_DEPTH);
	if (!code)
		code = shop.parser.parse(shop.text.get(), n, false).get(root);
	if (code == simdjson::MEMALLOC)
		out_of_memory();
	if (code == simdjson::DEPTH_ERROR) {
		error_setf(err, "the body is nested deeper than %d", DOCUMENT_MAX_DEPTH);
		return nullptr;
	}
	if (code)
		return refuse(bytes, n, code, err);
	if (!root.is_object() && !root.is_array())
		return refuse(bytes, n, simdjson::INCORRECT_TYPE, err);
	if (has_long_number(bytes, n) && has_too_big(root))
		return refuse(bytes, n, simdjson::NUMBER_OUT_OF_RANGE, err);
	return build(root, wants);
}

} // namespace

static thread_local workshop shop;

void document_rest_simdjson(void)
{
	shop = workshop();
}

json_t *document_read_simdjson(
	const char *bytes, size_t n, const struct wanted *wanted, struct error *err)
{
	/* So many tokens need as many bytes; the parser itself holds the depth. */
	if (n > DOCUMENT_MAX_TOKENS && !document_is_bounded(bytes, n, err))
		return nullptr;
	if (n <= keep_bytes)
		return parse(shop, bytes, n, wanted, err);
	workshop large;
	return parse(large, bytes, n, wanted, err);
}
