/* SPDX-License-Identifier: Apache-2.0 */
#include "environment.h"

#include "observe.h"

const char *environment_class_of(const char *word)
{
	if (is_one_of(word, LIST("production", "prod", "prd", "live")))
		return "production";
	if (is_one_of(word,
		    LIST("staging", "stage", "stg", "preprod", "pre-prod", "nonprod",
			    "non-prod", "preview", "sandbox", "testing", "test", "tst", "qa",
			    "uat", "development", "dev", "local")))
		return "other";
	return NULL;
}
