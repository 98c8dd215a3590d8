package memory

import (
	"reflect"
	"strings"

	"github.com/parley-go/parley/transport/topology"
)

// matchTopic reports whether a binding key of a topic exchange matches a
// routing key. "*" is one word, "#" any number of words. An empty key has no
// words.
//
// It walks both keys once and returns to the latest "#" when a word does not
// fit, so it takes time in proportion to the product of their lengths.
func matchTopic(pattern, key string) bool {
	p, k := firstWord(pattern), firstWord(key)
	// retryP and retryK are where to go on after "#" took one word more.
	retryP, retryK := -1, 0
	for k <= len(key) {
		if p <= len(pattern) {
			want, afterP := nextWord(pattern, p)
			if want == "#" {
				retryP, retryK = afterP, k
				p = afterP
				continue
			}
			if got, afterK := nextWord(key, k); want == "*" || want == got {
				p, k = afterP, afterK
				continue
			}
		}
		if retryP < 0 {
			return false
		}
		_, retryK = nextWord(key, retryK)
		p, k = retryP, retryK
	}
	return onlyHashes(pattern, p)
}

// onlyHashes reports whether nothing but "#" stands in pattern from p on.
func onlyHashes(pattern string, p int) bool {
	for p <= len(pattern) {
		word, after := nextWord(pattern, p)
		if word != "#" {
			return false
		}
		p = after
	}
	return true
}

// firstWord is where the first word of key begins. A position beyond len(key)
// means that no word is left.
func firstWord(key string) int {
	if key == "" {
		return 1
	}
	return 0
}

// nextWord returns the word that begins at i and where the next one begins.
func nextWord(key string, i int) (string, int) {
	if n := strings.IndexByte(key[i:], '.'); n >= 0 {
		return key[i : i+n], i + n + 1
	}
	return key[i:], len(key) + 1
}

const argMatch = "x-match"

// headerMatch is the compiled form of the arguments of a binding to a headers
// exchange.
//
// Source: https://www.rabbitmq.com/tutorials/amqp-concepts#exchange-headers
type headerMatch struct {
	any    bool
	wanted []field
}

func compileHeaderMatch(args map[string]any) headerMatch {
	mode, _ := args[argMatch].(string)
	h := headerMatch{any: strings.HasPrefix(mode, "any")}
	withX := strings.HasSuffix(mode, "-with-x")
	for name, v := range args {
		if name == argMatch || !withX && strings.HasPrefix(name, "x-") {
			continue
		}
		h.wanted = append(h.wanted, field{name, v})
	}
	return h
}

func knownMatch(args topology.Arguments) bool {
	switch args[argMatch] {
	case nil, "all", "any", "all-with-x", "any-with-x":
		return true
	}
	return false
}

func (h headerMatch) matches(got fields) bool {
	for _, want := range h.wanted {
		v, ok := got.find(want.name)
		// A wanted nil asks for the header's presence alone.
		ok = ok && (want.value == nil || reflect.DeepEqual(v, want.value))
		if ok == h.any {
			return ok
		}
	}
	return !h.any
}
