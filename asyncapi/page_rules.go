package asyncapi

import (
	"fmt"
	"strings"
)

// ruleWords say the rules that JSON Schema cannot: %s is the rule's parameter.
var ruleWords = map[string]string{
	"eqfield": "equals %s", "nefield": "differs from %s",
	"gtfield": "is greater than %s", "gtefield": "is %s or greater",
	"ltfield": "is less than %s", "ltefield": "is %s or less",
	"required_if": "is required if %s", "required_unless": "is required unless %s",
	"required_with": "is required together with %s", "required_without": "is required without %s",
	"required_with_all": "is required with all of %s", "required_without_all": "is required without all of %s",
	"excluded_if": "must be absent if %s", "excluded_unless": "must be absent unless %s",
	"excluded_with": "must be absent together with %s", "excluded_without": "must be absent without %s",
	"unique": "has no two values of equal %s", "luhn_checksum": "has a valid check digit",
	"credit_card": "is a credit card number", "mac": "is a MAC address", "cidr": "is a network in CIDR form",
	"timezone": "names a time zone", "datetime": "is a time of the form %s", "json": "holds JSON",
	"iso4217": "is a currency code of ISO 4217", "iso3166_1_alpha2": "is a country code of ISO 3166-1",
	"lowercase": "is in lower case", "uppercase": "is in upper case",
	"min": "is at least %s", "max": "is at most %s", "gte": "is at least %s", "lte": "is at most %s",
	"gt": "is greater than %s", "lt": "is less than %s", "len": "has the length %s", "oneof": "is one of %s",
	"required": "is required", "uuid": "is a UUID", "email": "is an e-mail address", "url": "is a URL",
	"eq": "equals %s", "ne": "is not %s", "alpha": "has letters only", "alphanum": "has letters and digits only",
}

// rulesInWords are the rules of one level of a schema that stand in
// [ExtValidate], and what is said of a type's own encoding, as sentences.
func (v *viewer) rulesInWords(s *Schema) []string {
	var all []string
	if text, _ := s.Extensions[ExtValidate].(string); text != "" {
		said := sayRules(text)
		if v.sent && len(said) > 0 {
			said = []string{"Meant, not checked here: " + lowerFirst(strings.TrimSuffix(strings.Join(said, " "), ".")) + "."}
		}
		all = append(all, said...)
	}
	if name, _ := s.Extensions[ExtGoType].(string); name != "" {
		all = append(all, "Encoded by the Go type "+name+", whose form is not known here.")
	}
	return all
}

func sayRules(tag string) []string {
	if kind, ok := strings.CutPrefix(tag, "json,"); ok {
		return []string{"Written as text: the bounds of " + kind + " hold."}
	}
	var all []string
	subject := "It"
	for _, alternatives := range parseRules(tag) {
		switch alternatives[0].name {
		case "omitempty", "omitzero", "omitnil", "":
			continue
		case "dive":
			subject = "Each element"
			continue
		case "keys":
			subject = "Each name"
			continue
		case "endkeys":
			subject = "Each element"
			continue
		}
		words := make([]string, 0, len(alternatives))
		for _, r := range alternatives {
			words = append(words, sayRule(r))
		}
		all = append(all, subject+" "+strings.Join(words, " or ")+".")
	}
	return all
}

func sayRule(r rule) string {
	words, ok := ruleWords[r.name]
	switch {
	case !ok && r.param == "":
		return "passes the rule " + r.name
	case !ok:
		return "passes the rule " + r.String()
	case strings.Contains(words, "%s"):
		if r.name == "required_if" || r.name == "required_unless" || r.name == "excluded_if" || r.name == "excluded_unless" {
			return fmt.Sprintf(words, pairs(r.param))
		}
		return fmt.Sprintf(words, strings.ReplaceAll(r.param, " ", ", "))
	default:
		return words
	}
}

// pairs writes "Kind card Paid true" as "Kind is card and Paid is true".
func pairs(param string) string {
	fields := strings.Fields(param)
	var all []string
	for i := 0; i+1 < len(fields); i += 2 {
		all = append(all, fields[i]+" is "+fields[i+1])
	}
	return strings.Join(all, " and ")
}
