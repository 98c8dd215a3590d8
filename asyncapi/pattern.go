package asyncapi

// Patterns that stand for themselves: a reader that treats formats as mere
// annotations gets the same verdict. They lie in what RE2 and ECMA-262 with
// the u flag have in common.
const (
	patternUUID   = `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`
	patternBase64 = `^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`
	patternTime   = `^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$`
	patternNumber = `^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`
	patternInt    = `^-?(?:0|[1-9][0-9]*)$`

	// patternZeroTime are the usual spellings of the zero time.
	patternZeroTime = `^0001-01-01T00:00:00(?:\.0+)?(?:Z|[+-]00:00)$`

	patternEmail = "^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]{2,}$"

	urlTail  = `(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*`
	urlUser  = `(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?`
	urlHost  = `[A-Za-z0-9._~-]+(?::[0-9]*)?`
	urlRest  = `(?:[/?#]` + urlTail + `)?$`
	urlPlain = `[A-Za-z0-9._~!$&'()*+,;=:@-](?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$`

	patternURL     = `^[A-Za-z][A-Za-z0-9+.-]*:(?://` + urlUser + urlHost + urlRest + `|` + urlPlain + `)`
	patternFileURL = `^[fF][iI][lL][eE]:`
	patternHTTP    = `^[hH][tT][tT][pP][sS]?://` + urlUser + urlHost + urlRest
	patternHTTPS   = `^[hH][tT][tT][pP][sS]://` + urlUser + urlHost + urlRest

	octet       = `(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
	patternIPv4 = `^` + octet + `(?:\.` + octet + `){3}$`
	group       = `[0-9a-fA-F]{1,4}`
	patternIPv6 = `^(?:(?:` + group + `:){7}` + group +
		`|(?:` + group + `:){1,7}:` +
		`|(?:` + group + `:){1,6}:` + group +
		`|(?:` + group + `:){1,5}(?::` + group + `){2}` +
		`|(?:` + group + `:){1,4}(?::` + group + `){3}` +
		`|(?:` + group + `:){1,3}(?::` + group + `){4}` +
		`|(?:` + group + `:){1,2}(?::` + group + `){5}` +
		`|` + group + `:(?::` + group + `){6}` +
		`|:(?::` + group + `){1,7}|::)$`
	patternMappedIP = `^[0:]+[fF]{4}:`

	hostLabel     = `[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`
	patternHost   = `^[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.` + hostLabel + `)*$`
	patternHost11 = `^` + hostLabel + `(?:\.` + hostLabel + `)*$`
	patternFQDN   = `^(?:[a-zA-Z0-9][a-zA-Z0-9-]{0,62}\.)+[a-zA-Z][a-zA-Z0-9-]{0,62}\.?$`

	patternSemver = `^(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:-(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$`
)

// stringRules are the rules of texts that a pattern says in full, or, where the
// rule takes more than ASCII, a little more strictly.
var stringRules = map[string]Schema{
	"alpha":            {Pattern: `^[a-zA-Z]+$`},
	"alphaspace":       {Pattern: `^[a-zA-Z ]+$`},
	"alphanum":         {Pattern: `^[a-zA-Z0-9]+$`},
	"alphanumspace":    {Pattern: `^[a-zA-Z0-9 ]+$`},
	"alphaunicode":     {Pattern: `^[\p{L}]+$`},
	"alphanumunicode":  {Pattern: `^[\p{L}\p{N}]+$`},
	"numeric":          {Pattern: `^[+-]?[0-9]+(?:\.[0-9]+)?$`},
	"number":           {Pattern: `^[0-9]+$`},
	"hexadecimal":      {Pattern: `^(?:0[xX])?[0-9a-fA-F]+$`},
	"hexcolor":         {Pattern: `^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$`},
	"e164":             {Pattern: `^\+?[1-9][0-9]{7,14}$`},
	"ascii":            {Pattern: `^[\x00-\x7F]*$`},
	"printascii":       {Pattern: `^[ -~]*$`},
	"lowercase":        {Pattern: `^[ -@\[-~]+$`},
	"uppercase":        {Pattern: "^[ -`{-~]+$"},
	"uuid":             {Format: "uuid", Pattern: patternUUID},
	"uuid_rfc4122":     {Format: "uuid", Pattern: patternUUID},
	"uuid3":            {Format: "uuid", Pattern: `^[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`},
	"uuid4":            {Format: "uuid", Pattern: `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
	"uuid5":            {Format: "uuid", Pattern: `^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
	"uuid7":            {Format: "uuid", Pattern: `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
	"uuid4_rfc4122":    {Format: "uuid", Pattern: `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$`},
	"ulid":             {Pattern: `^[0-7][A-HJKMNP-TV-Za-hjkmnp-tv-z0-9]{25}$`},
	"md5":              {Pattern: `^[0-9a-f]{32}$`},
	"sha256":           {Pattern: `^[0-9a-f]{64}$`},
	"sha384":           {Pattern: `^[0-9a-f]{96}$`},
	"sha512":           {Pattern: `^[0-9a-f]{128}$`},
	"mongodb":          {Pattern: `^[a-f0-9]{24}$`},
	"semver":           {Pattern: patternSemver},
	"base64":           {Pattern: `^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$`},
	"base64url":        {Pattern: `^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=|[A-Za-z0-9_-]{4})$`},
	"base64rawurl":     {Pattern: `^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,4})$`},
	"email":            {Format: "email", Pattern: patternEmail},
	"uri":              {Format: "uri", Pattern: patternURL},
	"url":              {Format: "uri", Pattern: patternURL, Not: &Schema{Pattern: patternFileURL}},
	"http_url":         {Format: "uri", Pattern: patternHTTP},
	"https_url":        {Format: "uri", Pattern: patternHTTPS},
	"hostname":         {Format: "hostname", Pattern: patternHost},
	"hostname_rfc1123": {Format: "hostname", Pattern: patternHost11},
	"fqdn":             {MaxLength: new(253), Pattern: patternFQDN},
	"ipv4":             {Format: "ipv4", Pattern: patternIPv4},
	"ipv6":             {Format: "ipv6", Pattern: patternIPv6, Not: &Schema{Pattern: patternMappedIP}},
	"ip": {AnyOf: []*Schema{
		{Type: Types{"string"}, Format: "ipv4", Pattern: patternIPv4},
		{Type: Types{"string"}, Format: "ipv6", Pattern: patternIPv6, Not: &Schema{Pattern: patternMappedIP}},
	}},
	"iso4217":          {Pattern: `^[A-Z]{3}$`, Extensions: Extensions{ExtValidate: "iso4217"}},
	"iso3166_1_alpha2": {Pattern: `^[A-Z]{2}$`, Extensions: Extensions{ExtValidate: "iso3166_1_alpha2"}},
	"luhn_checksum":    {Pattern: `^[0-9]{2,}$`, Extensions: Extensions{ExtValidate: "luhn_checksum"}},
	"json":             {ContentMediaType: "application/json", Extensions: Extensions{ExtValidate: "json"}},
	"boolean":          {Enum: []any{"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"}},
}
