package japanese

import "strings"

// count is a number with the word that counts.
type count struct {
	n       int    // countMany, countSeveral, countAsked or the number
	counter string // 人, 台, ...
	size    int    // bytes that were read
}

const (
	countMany    = -1
	countSeveral = -2
)

// counters are the words that count things a camera sees. What they say about
// the thing stands in for it where it is not named.
var counters = map[string]string{
	"人": "person", "名": "person", "り": "person", "台": "vehicle", "本": "", "個": "object", "枚": "", "匹": "animal", "つ": "object", "頭": "animal", "羽": "bird", "冊": "book",
	"足": "", "着": "", "箱": "box", "缶": "can", "袋": "bag", "杯": "cup", "隻": "ship", "軒": "house", "棟": "building", "組": "pair", "点": "object", "基": "", "脚": "chair", "両": "", "機": "airplane", "体": "", "列": "row", "段": "", "束": "bundle", "か所": "place", "箇所": "place", "ヶ所": "place", "輪": "flower", "切れ": "slice",
}

// timeCounters tell a time: the question's filters are for that.
var timeCounters = []string{"時間", "時半", "時", "分間", "分", "秒間", "秒", "日間", "日", "週間", "か月", "ヶ月", "カ月", "月", "年間", "年"}

// orderCounters name the number of something: gate 5.
var orderCounters = []string{"号機", "号", "番", "番目", "番線"}

var digits = map[rune]int{'〇': 0, '零': 0, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}

var kanaNumbers = []struct {
	text string
	n    int
}{{"ひと", 1}, {"ふた", 2}, {"みっ", 3}, {"よっ", 4}, {"いつ", 5}, {"むっ", 6}, {"なな", 7}, {"やっ", 8}, {"ここの", 9}}

// readNumber reads the digits or numerals that text begins with.
func readNumber(text string) (n, size int) {
	total, current, any := 0, 0, false
	for i, r := range text {
		size = i
		switch d, ok := digits[r]; {
		case r >= '0' && r <= '9':
			current = current*10 + int(r-'0')
		case ok:
			current = current*10 + d
		case r == '十' || r == '百' || r == '千':
			unit := map[rune]int{'十': 10, '百': 100, '千': 1000}[r]
			total += max(current, 1) * unit
			current = 0
		default:
			if !any {
				return 0, 0
			}
			return total + current, size
		}
		any = true
		size = i + len(string(r))
		if total+current > 1_000_000 {
			return 0, 0
		}
	}
	return total + current, size
}

// readCount reads a number with its counter at the start of text. size is 0 if
// there is none.
func readCount(text string) count {
	n, size := readNumber(text)
	if size == 0 {
		for _, k := range kanaNumbers {
			if rest, ok := strings.CutPrefix(text, k.text); ok && (strings.HasPrefix(rest, "つ") || k.n < 3 && strings.HasPrefix(rest, "り")) {
				return count{n: k.n, counter: rest[:len("つ")], size: len(k.text) + len("つ")}
			}
		}
		if rest, ok := strings.CutPrefix(text, "数"); ok {
			text, n, size = rest, countSeveral, len("数")
			text = "数" + rest
		} else {
			return count{}
		}
	}
	rest := text[size:]
	longest := ""
	for c := range counters {
		if strings.HasPrefix(rest, c) && len(c) > len(longest) {
			longest = c
		}
	}
	if longest == "" || longest == "り" {
		return count{}
	}
	return count{n: n, counter: longest, size: size + len(longest)}
}

// readTime reads a time of day or a date: 3時, 10分, 5月.
func readTime(text string) int {
	total := 0
	for {
		_, size := readNumber(text[total:])
		if size == 0 {
			return total
		}
		found := ""
		for _, c := range timeCounters {
			if strings.HasPrefix(text[total+size:], c) {
				found = c
				break
			}
		}
		if found == "" {
			return total
		}
		total += size + len(found)
		for _, tail := range []string{"半", "頃", "ごろ", "以降", "以前", "過ぎ", "前", "後"} {
			if strings.HasPrefix(text[total:], tail) {
				total += len(tail)
			}
		}
	}
}
