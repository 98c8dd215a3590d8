package asyncapi

import (
	"path"
	"reflect"
	"strings"
)

// Comments are doc comments by the name of what they stand at, with the full
// path of its package: "example.com/shop.Order" for a type or a function,
// "example.com/shop.Order.ID" for a field, "example.com/shop.Service.Place" for
// a method. The command asyncapi writes them from source, see [Docs].
type Comments map[string]string

func (c Comments) ofType(t reflect.Type) string {
	return c[t.PkgPath()+"."+plainName(t)]
}

// ofField returns the comment of a field, which may be promoted from an
// embedded struct.
func (c Comments) ofField(t reflect.Type, f reflect.StructField, index []int) string {
	if len(c) == 0 {
		return ""
	}
	for _, i := range index[:max(len(index)-1, 0)] {
		t, _ = indirect(t.Field(i).Type)
	}
	return c[t.PkgPath()+"."+plainName(t)+"."+f.Name]
}

// ofFunction returns the comment of a function by its name at run time, such as
// "example.com/shop.(*Service).Place".
func (c Comments) ofFunction(name string) string {
	dir, base := path.Split(name)
	return c[dir+strings.NewReplacer("(*", "", ")", "").Replace(base)]
}

// plainName is the name of a type without type arguments.
func plainName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return name
}

// firstSentence splits a comment into a summary and the rest.
func firstSentence(text string) (summary, rest string) {
	paragraph, others, _ := strings.Cut(text, "\n\n")
	paragraph = strings.Join(strings.Fields(paragraph), " ")
	for i := range len(paragraph) - 1 {
		if paragraph[i] == '.' && paragraph[i+1] == ' ' && !abbreviated(paragraph[:i]) {
			return paragraph[:i+1], strings.TrimSpace(paragraph[i+1:] + "\n\n" + others)
		}
	}
	return paragraph, strings.TrimSpace(others)
}

// abbreviated reports whether a full stop after s ends an abbreviation.
func abbreviated(s string) bool {
	word := s[strings.LastIndexByte(s, ' ')+1:]
	return word == "e.g" || word == "i.e" || word == "etc" || len(word) == 1
}
