package asyncapi

import (
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// schemasPrefix begins every reference to a schema of the components.
const schemasPrefix = "#/components/schemas/"

// components names the schemas that were made, resolves the placeholders in
// them and in roots, and returns them by name. The two views of a type share a
// name, and one schema, unless they differ: what is accepted is then called
// "OrderInput".
func (r *reflector) components(roots ...*Schema) map[string]*Schema {
	names := r.names()
	all := map[string]*Schema{}
	paths := map[string]string{}
	for placeholder, k := range r.keys {
		paths[placeholder] = schemasPrefix + names[k]
		s := r.made[k]
		if s.Title == "" {
			s.Title = titleOf(names[k])
		}
		all[names[k]] = s
	}
	for _, s := range append(slices.Collect(maps.Values(r.made)), roots...) {
		s.walk(func(s *Schema) {
			if resolved, ok := paths[s.Ref]; ok {
				s.Ref = resolved
			}
		})
	}
	return all
}

func titleOf(name string) string { return name }

// names gives every schema its name.
func (r *reflector) names() map[typeKey]string {
	types := map[reflect.Type]bool{}
	for k := range r.made {
		types[k.goType] = true
	}
	byType := nameTypes(slices.Collect(maps.Keys(types)))
	differ := r.differing(byType)
	names := map[typeKey]string{}
	for k := range r.made {
		names[k] = byType[k.goType]
		if k.view == input && differ[k.goType] {
			names[k] += "Input"
		}
	}
	return names
}

// differing are the types whose two views are not the same, or refer to one
// that is not.
func (r *reflector) differing(names map[reflect.Type]string) map[reflect.Type]bool {
	differ := map[reflect.Type]bool{}
	uses := map[reflect.Type][]reflect.Type{}
	for k, in := range r.made {
		out, both := r.made[typeKey{k.goType, output}]
		if k.view != input || !both {
			continue
		}
		differ[k.goType] = r.normal(in, names) != r.normal(out, names)
		in.walk(func(s *Schema) {
			if target, ok := r.keys[s.Ref]; ok {
				uses[k.goType] = append(uses[k.goType], target.goType)
			}
		})
	}
	for changed := true; changed; {
		changed = false
		for user, used := range uses {
			if !differ[user] && slices.ContainsFunc(used, func(t reflect.Type) bool { return differ[t] }) {
				differ[user], changed = true, true
			}
		}
	}
	return differ
}

// normal writes a schema with the views left out of its references.
func (r *reflector) normal(s *Schema, names map[reflect.Type]string) string {
	data, err := encode(s)
	if err != nil {
		return ""
	}
	return placeholders.ReplaceAllStringFunc(string(data), func(quoted string) string {
		return names[r.keys[strings.Trim(quoted, `"`)].goType]
	})
}

var placeholders = regexp.MustCompile(`"` + placeholderPrefix + `[^"]*"`)

// nameTypes gives each type a name of its own: that of the type, with its
// package's before it where two have the same, with the whole path where that
// is not enough.
func nameTypes(types []reflect.Type) map[reflect.Type]string {
	names := map[reflect.Type]string{}
	rest := types
	for _, name := range []func(reflect.Type) string{shortName, packagedName, fullName} {
		groups := map[string][]reflect.Type{}
		for _, t := range rest {
			groups[name(t)] = append(groups[name(t)], t)
		}
		rest = nil
		for n, group := range groups {
			if len(group) > 1 {
				rest = append(rest, group...)
				continue
			}
			names[group[0]] = n
		}
	}
	slices.SortFunc(rest, func(a, b reflect.Type) int { return strings.Compare(a.String(), b.String()) })
	for i, t := range rest { // types of one name, local to functions
		names[t] = fmt.Sprintf("%s%d", fullName(t), i+1)
	}
	return names
}

var (
	localType = regexp.MustCompile(`·\d+`)
	pathParts = regexp.MustCompile(`[\w.\-~/]*/`)
	packages  = regexp.MustCompile(`\b\w+\.`)
	notName   = regexp.MustCompile(`[^A-Za-z0-9]+`)
)

// shortName turns Envelope[example.com/shop.Order] into Envelope_Order.
func shortName(t reflect.Type) string {
	name := localType.ReplaceAllString(t.Name(), "")
	name = packages.ReplaceAllString(pathParts.ReplaceAllString(name, ""), "")
	return strings.Trim(notName.ReplaceAllString(name, "_"), "_")
}

func packagedName(t reflect.Type) string {
	return camel(path.Base(t.PkgPath()), true) + upperFirst(shortName(t))
}

func fullName(t reflect.Type) string {
	return camel(t.PkgPath(), true) + upperFirst(shortName(t))
}

// walk calls visit for s and every schema in it.
func (s *Schema) walk(visit func(*Schema)) {
	if s == nil {
		return
	}
	visit(s)
	for _, one := range []*Schema{s.Items, s.Contains, s.AdditionalProperties, s.PropertyNames, s.Not, s.If, s.Then, s.Else} {
		one.walk(visit)
	}
	for _, several := range [][]*Schema{s.AllOf, s.AnyOf, s.OneOf} {
		for _, one := range several {
			one.walk(visit)
		}
	}
	for _, p := range s.Properties {
		p.Schema.walk(visit)
	}
	for _, one := range s.PatternProperties {
		one.walk(visit)
	}
}
