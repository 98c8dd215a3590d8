package asyncapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/parley-go/parley"
)

// compose makes the message of a wish, and reports what is wrong at its fields:
// by the document first, then as the service itself sees it.
func (s *shown) compose(op *operationPlan, in *wish) (*parley.Message, []string, *refusal) {
	var faults []fault
	path, more := parametersOf(op, in.Parameters)
	faults = append(faults, more...)
	headers, more := s.headers(op, in.Headers)
	faults = append(faults, more...)
	m := &parley.Message{ContentType: op.message.contentType, Headers: headers}
	more = s.body(op, in.Body, m)
	faults = append(faults, more...)
	if len(faults) == 0 && op.Check != nil {
		if err := op.Check(m, path); err != nil {
			faults = serviceFaults(err)
		}
	}
	if len(faults) > 0 {
		r := refuse(http.StatusUnprocessableEntity, parley.CodeInvalidArgument, "the message does not fit")
		r.Fields = faults
		return nil, nil, r
	}
	return m, path, nil
}

func parametersOf(op *operationPlan, given map[string]string) (path []string, faults []fault) {
	for _, name := range op.Parameters {
		value, at := given[name], "/parameters/"+escapePointer(name)
		rest := name == op.channel.rest
		switch {
		case value == "" && !rest:
			faults = append(faults, fault{at, "is required"})
		case len(value) > 255:
			faults = append(faults, fault{at, "must have at most 255 bytes"})
		case strings.ContainsAny(value, "*#"), !rest && strings.Contains(value, "."):
			faults = append(faults, fault{at, "must be one word, without . * #"})
		}
		path = append(path, value)
	}
	for _, name := range sortedKeys(given) {
		if !slices.Contains(op.Parameters, name) {
			faults = append(faults, fault{"/parameters/" + escapePointer(name), "is no parameter of the address"})
		}
	}
	return path, faults
}

// headers takes the declared headers, and no others.
func (s *shown) headers(op *operationPlan, given map[string]json.RawMessage) (parley.Headers, []fault) {
	headers := parley.Headers{}
	if given == nil {
		given = map[string]json.RawMessage{}
	}
	var faults []fault
	for _, name := range sortedKeys(given) {
		if op.message.headers == nil || op.message.headers.Properties.Get(name) == nil || strings.HasPrefix(name, parley.HeaderPrefix) {
			faults = append(faults, fault{"/headers/" + escapePointer(name), "is no header of this operation"})
			continue
		}
		value, err := decode(given[name])
		if err != nil {
			faults = append(faults, fault{"/headers/" + escapePointer(name), "is no JSON value"})
			continue
		}
		headers[name] = headerValue(value)
	}
	if op.message.headers != nil && len(faults) == 0 {
		faults = s.check("/components/messages/"+op.message.key+"/headers", given, "/headers")
	}
	headers[HeaderOrigin] = Origin
	return headers, faults
}

func headerValue(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return f
}

// body encodes what was typed as the operation's content type asks.
func (s *shown) body(op *operationPlan, given json.RawMessage, m *parley.Message) []fault {
	if op.message.foreign != nil {
		return []fault{{"/body", "cannot be written as JSON"}}
	}
	if len(bytes.TrimSpace(given)) == 0 {
		given = json.RawMessage("null")
	}
	if op.message.goType == nil {
		undeclaredBody(given, m)
		return nil
	}
	var text string
	isText := m.ContentType == contentText || m.ContentType == contentBytes
	if isText && json.Unmarshal(given, &text) != nil {
		return []fault{{"/body", "must be a text"}}
	}
	if faults := s.check("/components/messages/"+op.message.key+"/payload", given, "/body"); len(faults) > 0 {
		return faults
	}
	m.Body = given
	if isText {
		m.Body = []byte(text)
	}
	if m.ContentType == contentBytes {
		m.ContentType = ""
	}
	return nil
}

// undeclaredBody takes a text as it is and all else as JSON.
func undeclaredBody(given json.RawMessage, m *parley.Message) {
	var text string
	switch {
	case string(given) == "null":
		m.ContentType = ""
	case json.Unmarshal(given, &text) == nil:
		m.Body, m.ContentType = []byte(text), ""
	default:
		m.Body, m.ContentType = given, contentJSON
	}
}

// check holds a value against a schema of the document.
func (s *shown) check(pointer string, value any, at string) []fault {
	s.checking.Lock()
	err := s.checker.check(pointer, value)
	s.checking.Unlock()
	if err == nil {
		return nil
	}
	found, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return []fault{{at, "cannot be checked"}}
	}
	var faults []fault
	for _, f := range leaves(found, at, nil) {
		if !slices.Contains(faults, f) {
			faults = append(faults, f)
		}
	}
	return faults
}

// maxFaults bounds how much is said of one message.
const maxFaults = 50

// leaves are the findings that have no further causes.
func leaves(e *jsonschema.ValidationError, at string, all []fault) []fault {
	if len(all) >= maxFaults {
		return all
	}
	for _, cause := range e.Causes {
		all = leaves(cause, at, all)
	}
	if len(e.Causes) > 0 {
		return all
	}
	here := at
	for _, step := range e.InstanceLocation {
		here += "/" + escapePointer(step)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			all = append(all, fault{here + "/" + escapePointer(name), "is required"})
		}
		return all
	case *kind.Type:
		// The other half of "this or null".
		if len(k.Want) == 1 && k.Want[0] == "null" {
			return all
		}
	}
	return append(all, fault{here, finding(e.ErrorKind)})
}

// finding says what is wrong with a value.
func finding(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be " + strings.Join(k.Want, " or ")
	case *kind.MinLength:
		return "must have at least " + plural(k.Want, "character")
	case *kind.MaxLength:
		return "must have " + count(nil, &k.Want, "character")
	case *kind.MinItems:
		return "must have at least " + plural(k.Want, "item")
	case *kind.MaxItems:
		return "must have " + count(nil, &k.Want, "item")
	case *kind.MaxProperties:
		return "must have " + count(nil, &k.Want, "entry")
	case *kind.Minimum:
		return "must be " + k.Want.RatString() + " or more"
	case *kind.Maximum:
		return "must be " + k.Want.RatString() + " or less"
	case *kind.ExclusiveMinimum:
		return "must be more than " + k.Want.RatString()
	case *kind.ExclusiveMaximum:
		return "must be less than " + k.Want.RatString()
	case *kind.Format:
		return "must have the form " + k.Want
	case *kind.Pattern:
		return "must match " + k.Want
	case *kind.Enum:
		words := make([]string, 0, len(k.Want))
		for _, v := range k.Want {
			words = append(words, inWords(v))
		}
		return "must be one of " + strings.Join(words, ", ")
	case *kind.UniqueItems:
		return "must have no two alike"
	default:
		return "does not fit (" + strings.Join(k.KeywordPath(), "/") + ")"
	}
}

// serviceFaults finds the fields in what the service says of a message, which
// is one line: "body: items[0].qty: rule …; …".
func serviceFaults(err error) []fault {
	told, ok := errors.AsType[*parley.Error](err)
	text := err.Error()
	if ok {
		text = told.Message()
	}
	at := "/body"
	if rest, cut := strings.CutPrefix(text, "body: "); cut {
		text = rest
	}
	var faults []fault
	for one := range strings.SplitSeq(text, "; ") {
		path, said, found := strings.Cut(one, ": ")
		if !found || strings.ContainsAny(path, " \"") {
			faults = append(faults, fault{at, one})
			continue
		}
		faults = append(faults, fault{at + fieldPointer(path), said})
	}
	return faults
}

// fieldPointer turns items[0].qty into /items/0/qty.
func fieldPointer(path string) string {
	pointer := ""
	for word := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if n, err := strconv.Atoi(word); err == nil {
			word = strconv.Itoa(n)
		}
		pointer += "/" + escapePointer(word)
	}
	return pointer
}

func escapePointer(s string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }
