/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes_priv.h"

/* clang-format off */
enum {
	NO = 0,                             /* control bytes */
	V_ = BYTE_VALUE,                    /* tab, space, " < > and all above ASCII */
	VT = V_ | BYTE_TOKEN,               /* # */
	VQ = V_ | BYTE_QUERY,               /* ? \ { } */
	QT = VQ | BYTE_TOKEN,               /* ^ ` | */
	QP = VQ | BYTE_PATH,                /* / @ */
	QH = VQ | BYTE_HOST,                /* [ ] */
	PH = QP | BYTE_HOST,                /* ( ) , : ; = */
	AL = PH | BYTE_TOKEN,               /* letters and the rest */
	DG = AL | BYTE_DIGIT,
};

const uint8_t byte_classes[256] = {
	NO, NO, NO, NO, NO, NO, NO, NO, NO, V_, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	V_, AL, V_, VT, AL, AL, AL, AL, PH, PH, AL, AL, PH, AL, AL, QP,
	DG, DG, DG, DG, DG, DG, DG, DG, DG, DG, PH, PH, V_, PH, V_, VQ,
	QP, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL,
	AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, QH, VQ, QH, QT, AL,
	QT, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL,
	AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, VQ, QT, VQ, AL, NO,
	V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_,
	V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_,
	V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_,
	V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_,
	V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_,
	V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_,
	V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_,
	V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_, V_,
};
/* clang-format on */

int byte_hex(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}
