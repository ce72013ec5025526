/* moment.c - see moment.h. */
#include "data/moment.h"
#include <math.h>

/* Reads exactly `digits` digits. */
static bool take_number(cm_text *text, size_t digits, int *out)
{
    *out = 0;
    if (text->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (text->text[i] < '0' || text->text[i] > '9')
            return false;
        *out = *out * 10 + (text->text[i] - '0');
    }
    text->text += digits;
    text->len -= digits;
    return true;
}

static bool take(cm_text *text, char c)
{
    if (text->len == 0 || *text->text != c)
        return false;
    text->text++;
    text->len--;
    return true;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar; the year begins in March, so that the
 * day that some years have more is the last. */
static int64_t days_to(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool take_date(cm_text *text, int64_t *days)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_number(text, 4, &year) || !take(text, '-') || !take_number(text, 2, &month) ||
        !take(text, '-') || !take_number(text, 2, &day) || month < 1 || month > 12)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    *days = days_to(year, month, day);
    return day >= 1 && day <= lengths[month - 1] + (month == 2 && leap);
}

/* Seconds of a time of day, with the offset behind it. */
static bool take_clock(cm_text *text, int64_t *seconds)
{
    int hour, minute, second = 0, skipped;
    if (!take_number(text, 2, &hour) || !take(text, ':') || !take_number(text, 2, &minute) ||
        (take(text, ':') && !take_number(text, 2, &second)) || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    if (take(text, '.')) {
        if (!take_number(text, 1, &skipped))
            return false;
        while (take_number(text, 1, &skipped))
            continue;
    }
    take(text, ' ');
    if (text->len == 0 || take(text, 'Z'))
        return true;
    int sign = take(text, '-') ? -1 : take(text, '+') ? 1 : 0;
    if (sign == 0 || !take_number(text, 2, &hour))
        return false;
    take(text, ':');
    if (!take_number(text, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *seconds -= sign * (hour * 3600 + minute * 60);
    return true;
}

static bool parse_date(cm_text text, int64_t *out)
{
    int64_t days, seconds = 0;
    if (!take_date(&text, &days))
        return false;
    if (text.len > 0 && !((take(&text, 'T') || take(&text, ' ')) && take_clock(&text, &seconds)))
        return false;
    *out = days * 86400 + seconds;
    return text.len == 0;
}

bool cm_moment_parse(cm_text text, int64_t *out)
{
    double value;
    if (cm_integer_parse(text, out) || parse_date(text, out))
        return true;
    if (cm_number_parse(text, &value) != CM_NUMBER_GOOD || fabs(value) > 9007199254740992.0 ||
        floor(value) != value)
        return false;
    *out = (int64_t)value;
    return true;
}
