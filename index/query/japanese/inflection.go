package japanese

import "slices"

// link is how a clause goes on.
type link byte

const (
	linkEnd     link = iota // it ends, or describes the noun after it
	linkAnd                 // て, し, たり
	linkWhile               // ながら
	linkWithout             // ずに, ないで
)

// inflection is what the endings after a verb or an adjective say.
type inflection struct {
	negative    bool
	progressive bool // ている: an action going on, or its result
	past        bool
	result      bool // てある
	passive     bool
	request     bool // てください, たい: the person who asks speaks of himself
	link        link
}

// helpers are verbs after て that add nothing that can be seen.
var helpers = set("いく 行く くる 来る しまう おく みる ちゃう 続ける 続く 始める はじめる 終わる 終える すぎる 過ぎる 出す だす かける 合う いける みせる 切る きる")

// readInflection reads the endings after the stem at ms[i-1] and returns the
// index after them.
func readInflection(ms []morpheme, i int) (inflection, int) {
	var f inflection
	stem := i - 1
	afterTe := false
	for ; i < len(ms); i++ {
		m := &ms[i]
		switch {
		case afterTe && m.pos == "動詞" && slices.Contains([]string{"いる", "おる", "る", "いらっしゃる", "とる"}, m.base):
			f.progressive, f.link = true, linkEnd
		case afterTe && m.pos == "動詞" && m.base == "ある":
			f.result, f.link = true, linkEnd
		case afterTe && slices.Contains([]string{"くださる", "下さる", "ください", "くれる", "もらう", "もらえる", "いただく", "頂く", "いただける", "ほしい", "欲しい"}, m.base):
			f.request, f.link = true, linkEnd
		case m.is("動詞", "非自立") && helpers[m.base], afterTe && m.pos == "動詞" && helpers[m.base]:
			f.link = linkEnd
		case m.pos == "助動詞" && m.kind == "特殊・タ":
			f.past, f.link = true, linkEnd
		case m.surface == "と" && i+1 < len(ms) && ms[i+1].base == "する" && ms[i-1].base == "う": // 渡ろうとする
			i++
		case m.surface == "たり" || m.surface == "だり":
			f.link = linkAnd
		case m.is("助詞", "接続助詞") && (m.surface == "て" || m.surface == "で"):
			f.link = linkAnd
			if f.negative && m.surface == "で" {
				f.link = linkWithout
			}
			afterTe = true
			continue
		case m.surface == "で" && f.negative: // ないで
			f.link = linkWithout
		case m.pos == "動詞" && (m.base == "てる" || m.base == "でる" || m.base == "とる" || m.base == "どる") && m.sub == "非自立":
			f.progressive = true
		case m.is("助詞", "接続助詞") && (m.surface == "ながら" || m.surface == "つつ"):
			f.link = linkWhile
		case m.is("助詞", "接続助詞"):
			f.link = linkAnd
		case m.is("動詞", "接尾") && (m.base == "れる" || m.base == "られる"):
			f.passive = true
		case m.is("動詞", "接尾"): // せる, させる: who lets it happen is not seen
		case m.base == "ない" && (m.pos == "助動詞" || m.pos == "形容詞"):
			f.negative = true
			if m.surface == "なく" {
				f.link = linkAnd
			}
		case m.pos == "助動詞" && (m.base == "ぬ" || m.base == "ん" || m.base == "ず"):
			f.negative = true
			if m.surface == "ず" {
				f.link = linkWithout
				if i+1 < len(ms) && ms[i+1].surface == "に" {
					i++
				}
			}
		case m.pos == "助動詞" && m.base == "たい", m.surface == "たい":
			f.request = true
		case m.pos == "助動詞" && m.base == "だ" && m.surface == "な": // かぶっているような人
		case m.pos == "助動詞":
		case m.surface == "まま":
			f.progressive, f.link = true, linkEnd
			if i+1 < len(ms) && (ms[i+1].surface == "の" || ms[i+1].surface == "で") {
				if i++; ms[i].surface == "で" {
					f.link = linkAnd
				}
			}
		case m.is("助詞", "終助詞"), m.is("助詞", "副助詞／並立助詞／終助詞"), m.is("名詞", "接尾") && m.base == "そう", m.is("名詞", "非自立") && (m.base == "よう" || m.base == "の" || m.base == "ん") && i+1 < len(ms) && (ms[i+1].pos == "助動詞" || ms[i+1].surface == "か" || ms[i+1].surface == "に"):
			if m.base == "よう" && ms[i+1].surface == "に" {
				i++
			}
		default:
			return closeStem(f, ms, stem, i), i
		}
		afterTe = false
	}
	return closeStem(f, ms, stem, i), i
}

// closeStem takes a bare stem (食べ、飲む; 持ち、) for a link.
func closeStem(f inflection, ms []morpheme, stem, end int) inflection {
	if end == stem+1 && end < len(ms) && (ms[stem].form == "連用形" || ms[stem].form == "連用テ接続") && ms[stem].pos == "動詞" {
		f.link = linkAnd
	}
	return f
}
