package asyncapi

import (
	"encoding/json"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// generic are values of every kind of JSON.
var generic = []any{
	nil, true, false, json.Number("0"), json.Number("1"), json.Number("-1"), json.Number("1.5"),
	"", "x",
	[]any{},
	[]any{nil},
	[]any{json.Number("1")},
	map[string]any{},
	map[string]any{"k": nil},
}

// texts are strings on both sides of the borders of the usual formats.
var texts = []string{
	"a", "ab", "abc", "ABC", "aB", "a b", "a1", "1a", "é", "ß", "\u65e5\u672c", "😀", "a😀", "é́", "\u0000", "\n", "a\n", " ", "\t",
	"true", "false", "True", "TRUE", "t", "1", "0", "00", "-1", "+1", "1.5", "-1.50", "1e3", ".5", "0x1F", "0X1f", "ff", "FF",
	"5b1c6b2e-5d0f-4a43-9d3f-6f9f0e6a8f11", "5B1C6B2E-5D0F-4A43-9D3F-6F9F0E6A8F11", "5b1c6b2e5d0f4a439d3f6f9f0e6a8f11",
	"5b1c6b2e-5d0f-1a43-9d3f-6f9f0e6a8f11", "{5b1c6b2e-5d0f-4a43-9d3f-6f9f0e6a8f11}", "00000000-0000-0000-0000-000000000000",
	"01ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav", "1.2.3", "1.2.3-rc.1+b.5", "01.2.3", "v1.2.3",
	"a@b.co", "a@b", "a.b@c.example.com", "a@[127.0.0.1]", "a@b.co.", "\"a b\"@c.de", "a@b.c", "ä@b.de", "a..b@c.de", "A <a@b.de>", "a@-b.de", "a@b_c.de",
	"http://a", "http://", "http:", "foo:", "foo:bar", "foo://", "mailto:a@b.de", "file:///x", "file://", "file:/", "file://a/b", "FILE:///", "https://a.de:8080/x?y=z#f", "HTTP://A.DE",
	"http://a b", "http://a/%zz", "http://a/%41", "http://[::1]/", "http://a:b/", "http://u:p@a.de/", "/x", "//a/b", "#f", "http://#f", "http:///x", "http://?q", "http://a\\b",
	"urn:isbn:1", "1http://a", "a", "a.b", "a.b.c", "a-", "-a", "a.", ".a", "a..b", "1a.de", "a.1", "a.de.", "a_b.de", "xn--bcher-kva.de", strings.Repeat("a", 63) + ".de", strings.Repeat("a", 64) + ".de",
	"127.0.0.1", "127.0.0.256", "127.0.0.01", "1.2.3", "1.2.3.+4", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:1:2", "2001:db8::1", "2001:db8:::1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "12345::",
	"2024-02-29T12:00:00Z", "2023-02-29T12:00:00Z", "2024-02-29t12:00:00z", "2024-02-29T12:00:60Z", "2024-02-29T24:00:00Z", "2024-02-29T12:00:00+02:00", "2024-02-29T12:00:00.123456789Z", "2024-02-29T12:00:00,5Z",
	"2024-02-29T12:00:00", "2024-02-29", "2024-13-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00", "2024-02-29T12:00:00+24:00", "2024-02-29T12:00:00-00:60", "12:00:00Z", "10000-01-01T00:00:00Z", "2024-2-9T1:2:3Z",
	"YWJj", "YWI=", "YQ==", "YQ", "YQ=", "YW\nJj", "Y-_j", "Y-_=", "=", "====", "YWJjZA==", "YWJjZGVm",
	"+4915112345678", "4915112345678", "+0123", "#fff", "#FFFF", "#ffffff", "#ggg", "{}", "[1]", "null", `"q"`, "{", `"`, "d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "507f1f77bcf86cd799439011", strings.Repeat("0a", 48), strings.Repeat("0a", 64),
	"5b1c6b2e-5d0f-3a43-9d3f-6f9f0e6a8f11", "5b1c6b2e-5d0f-5a43-9d3f-6f9f0e6a8f11", "5b1c6b2e-5d0f-7a43-9d3f-6f9f0e6a8f11", "1h30m", "1d", "EUR", "DE", "red", "Red", "0x2C",
}

// numbers are on both sides of the borders of the kinds.
var numbers = numbersAround(
	"0", "1", "2", "3", "5", "10", "100", "127", "-128", "255", "32767", "-32768", "65535", "2147483647", "-2147483648", "4294967295",
	"9223372036854775807", "-9223372036854775808", "18446744073709551615",
)

func numbersAround(borders ...string) []any {
	var all []any
	for _, b := range borders {
		n, _ := new(big.Int).SetString(b, 10)
		for d := int64(-1); d <= 1; d++ {
			all = append(all, json.Number(new(big.Int).Add(n, big.NewInt(d)).String()))
		}
	}
	for _, f := range []string{"0.1", "-0.5", "2.5", "1e38", "3.5e38", "-3.5e38", "1e39", "1e308", "1e309", "1e400", "0.30000000000000004"} {
		all = append(all, json.Number(f))
	}
	return all
}

// valuesFor are values for a place of type t with rules.
func valuesFor(t reflect.Type, tag string) []any {
	var all []any
	params := tagParams(tag)
	switch {
	case t == timeType || codesItself(t, input) || t.Kind() == reflect.String || isBytes(t):
		for _, s := range texts {
			all = append(all, s)
		}
		for _, p := range params {
			all = append(all, p, p+"x", "x"+p, strings.ToUpper(p), strings.ToLower(p))
		}
		for _, n := range tagNumbers(tag) {
			for _, unit := range []string{"a", "é", "😀", "7", "YWJj"} {
				all = append(all, strings.Repeat(unit, max(min(n, 300), 0)))
			}
		}
	case isNumeric(t):
		all = append(all, numbers...)
		for _, p := range params {
			all = append(all, around(p)...)
		}
	}
	if isEnum(t) {
		for _, v := range enumValues(t) {
			if data, err := json.Marshal(v.Interface()); err == nil {
				all = append(all, json.RawMessage(data))
			}
		}
	}
	return all
}

// around are numbers near a parameter, which may be a span of time.
func around(param string) []any {
	if d, err := time.ParseDuration(param); err == nil {
		param = strconv.FormatInt(int64(d), 10)
	}
	f, err := strconv.ParseFloat(param, 64)
	if err != nil {
		return nil
	}
	var all []any
	for _, d := range []float64{-1, -0.5, 0, 0.5, 1} {
		all = append(all, json.Number(strconv.FormatFloat(f+d, 'f', -1, 64)))
	}
	return all
}

// tagParams are the parameters in a tag, and the words in them.
func tagParams(tag string) []string {
	var all []string
	for _, alternatives := range parseRules(tag) {
		for _, r := range alternatives {
			if r.param != "" {
				all = append(all, r.param)
				for _, word := range oneOfParts.FindAllString(r.param, -1) {
					all = append(all, strings.ReplaceAll(word, "'", ""))
				}
			}
		}
	}
	return all
}

// tagNumbers are the whole numbers in a tag and their neighbours.
func tagNumbers(tag string) []int {
	var all []int
	for _, p := range tagParams(tag) {
		if n, err := strconv.Atoi(p); err == nil && n >= 0 {
			all = append(all, max(n-1, 0), n, n+1)
		}
	}
	return all
}
