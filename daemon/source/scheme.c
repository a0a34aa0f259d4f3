/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_priv.h"

#include "base/cleanup.h"

#include <string.h>

#define OUR_TOKEN "x-dorad-token"
#define OUR_SIGNATURE "x-dorad-signature"

static const struct scheme schemes[] = {
	{"cloudevents", SIGNATURE_STANDARD, "webhook-signature", OUR_TOKEN, {{0}}},
	{"events", SIGNATURE_STANDARD, "webhook-signature", OUR_TOKEN, {{0}}},
	/* generic-hmac; the hash is the notifier's choice */
	{"flux", SIGNATURE_PREFIXED, "x-signature", OUR_TOKEN,
		{{"sha256=", "SHA256", false}, {"sha224=", "SHA224", false},
			{"sha384=", "SHA384", false}, {"sha512=", "SHA512", false}}},
	/* X-Hub-Signature (SHA-1) comes too and is never taken in place of it */
	{"github", SIGNATURE_PREFIXED, "x-hub-signature-256", OUR_TOKEN,
		{{"sha256=", "SHA256", false}}},
	{"gitlab", SIGNATURE_STANDARD, "webhook-signature", "x-gitlab-token", {{0}}},
	{"jira", SIGNATURE_PREFIXED, "x-hub-signature", OUR_TOKEN,
		{{"sha256=", "SHA256", false}}},
	{"pagerduty", SIGNATURE_PREFIXED, "x-pagerduty-signature", OUR_TOKEN,
		{{"v1=", "SHA256", false}}},
	/* CertificateEncryption.generateMac() gives base64 */
	{"servicenow", SIGNATURE_PREFIXED, OUR_SIGNATURE, OUR_TOKEN,
		{{"sha256=", "SHA256", false}, {"sha256b64=", "SHA256", true}}},
	{"trello", SIGNATURE_TRELLO, "x-trello-webhook", OUR_TOKEN, {{"", "SHA1", true}}},
};

static const struct scheme cannot_sign = {NULL, SIGNATURE_NONE, NULL, OUR_TOKEN, {{0}}};

const struct scheme *scheme_of(const char *source)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (strcmp(schemes[i].source, source) == 0)
			return &schemes[i];
	}
	return &cannot_sign;
}
