package asyncapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// yamlOf rewrites JSON as block-style YAML in the same order. It writes the
// subset that every YAML 1.1 and 1.2 reader takes for the same value: strings
// that any of them could read as something else are quoted.
func yamlOf(data []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	w := yamlWriter{tokens: d}
	if err := w.value(0, true); err != nil {
		return nil, fmt.Errorf("asyncapi: writing YAML: %w", err)
	}
	return w.out.Bytes(), nil
}

type yamlWriter struct {
	tokens *json.Decoder
	out    bytes.Buffer
}

// value writes the next value. fresh says that the line so far is only
// indentation, as after "- ".
func (w *yamlWriter) value(indent int, fresh bool) error {
	t, err := w.tokens.Token()
	if err != nil {
		return err
	}
	switch v := t.(type) {
	case json.Delim:
		if !w.tokens.More() {
			w.lead(fresh)
			w.out.WriteString(map[json.Delim]string{'{': "{}\n", '[': "[]\n"}[v])
			_, err := w.tokens.Token()
			return err
		}
		if v == '{' {
			return w.object(indent, fresh)
		}
		return w.array(indent, fresh)
	case string:
		w.lead(fresh)
		w.text(v, indent)
	case nil:
		w.lead(fresh)
		w.out.WriteString("null\n")
	default:
		w.lead(fresh)
		fmt.Fprintf(&w.out, "%v\n", v)
	}
	return nil
}

// lead separates a scalar from its key.
func (w *yamlWriter) lead(fresh bool) {
	if !fresh {
		w.out.WriteByte(' ')
	}
}

func (w *yamlWriter) object(indent int, fresh bool) error {
	if !fresh {
		w.out.WriteByte('\n')
	}
	for first := true; w.tokens.More(); first = false {
		t, err := w.tokens.Token()
		if err != nil {
			return err
		}
		if !first || !fresh {
			w.out.WriteString(strings.Repeat(" ", indent))
		}
		key, _ := t.(string)
		w.out.WriteString(scalar(key))
		w.out.WriteByte(':')
		if err := w.value(indent+2, false); err != nil {
			return err
		}
	}
	_, err := w.tokens.Token()
	return err
}

func (w *yamlWriter) array(indent int, fresh bool) error {
	if !fresh {
		w.out.WriteByte('\n')
	}
	for first := true; w.tokens.More(); first = false {
		if !first || !fresh {
			w.out.WriteString(strings.Repeat(" ", indent))
		}
		w.out.WriteString("- ")
		if err := w.value(indent+2, true); err != nil {
			return err
		}
	}
	_, err := w.tokens.Token()
	return err
}

// plain strings need no quotes in any version of YAML.
var plain = regexp.MustCompile(`^[A-Za-z_$/][A-Za-z0-9_$/.,()'+*=;-]*( [A-Za-z0-9_$/.,()'+*=;{}-]+)*$`)

// words that some reader takes for null, a boolean or a number.
var reserved = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n|nan|inf|infinity|0x.*|\.nan|\.inf)$`)

// block strings keep their line breaks in a literal block.
var block = regexp.MustCompile(`^[^\s\x00-\x1f][^\x00-\x09\x0b-\x1f\x7f-\x{a0}\x{2028}\x{2029}\x{feff}]*$`)

// text writes a string and ends the line.
func (w *yamlWriter) text(s string, indent int) {
	body, ended := strings.CutSuffix(s, "\n")
	if !strings.Contains(body, "\n") || strings.HasSuffix(body, "\n") || !block.MatchString(body) {
		w.out.WriteString(scalar(s))
		w.out.WriteByte('\n')
		return
	}
	header := "|-\n"
	if ended {
		header = "|\n"
	}
	w.out.WriteString(header)
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			w.out.WriteString(strings.Repeat(" ", max(indent, 2)))
			w.out.WriteString(line)
		}
		w.out.WriteByte('\n')
	}
}

// scalar writes a string on one line.
func scalar(s string) string {
	if plain.MatchString(s) && !reserved.MatchString(s) {
		return s
	}
	quoted, err := encode(s)
	if err != nil {
		return `""`
	}
	return strings.ReplaceAll(string(quoted), "\x7f", `\x7f`)
}
