// Removes sentences from a text that give orders to its reader, a model, instead of describing a user. No I/O.
//
// An order addresses the assistant: by its verb form ("ignoriere"), by the place of its verb ("Ignore the rules", where
// "They ignore the rules" is a statement), by a pronoun ("you"), or as a duty of the assistant. This is a second line of
// defence: a sentence that is not found here is still data between delimiters. The gaps in the patterns are bounded, so
// that the time grows linearly with the length of the text.

/** A word that is not part of a longer one. */
const word = (words: string): string => String.raw`(?<![\p{L}\p{M}])(?:${words})(?![\p{L}\p{M}])`;
const END = String.raw`(?![\p{L}\p{M}])`;
const anyOf = (sources: readonly string[], flags = 'iu'): RegExp =>
  new RegExp(sources.map((source) => `(?:${source})`).join('|'), flags);

const RULES =
  'instructions?|rules?|prompts?|guidelines?|polic(?:y|ies)|directives?|orders?|restrictions?|constraints?|safeguards?|safety';
const BEFORE = 'previous|prior|above|earlier|preceding|foregoing|existing|original|system|initial';

/** Verb phrases of orders. The same words are a statement if they have a subject: "people forget the rules". */
const VERB_PHRASES: readonly string[] = [
  // English
  `(?:ignore|disregard|forget|override|bypass|overrule) .{0,60}?${word(RULES)}`,
  `(?:ignore|disregard|forget) (?:(?:all|any|the) )*(?:(?:of )?the )?(?:${BEFORE})${END}`,
  `(?:ignore|disregard|forget) (?:everything|anything|all|what)${END}.{0,40}?${word('above|before|earlier|previously|so far|told|said|know|learned|up to now')}`,
  `(?:ignore|disregard|forget) (?:everything|all)[\\s.!]*$`,
  `(?:act|behave|respond|reply|answer|speak|pretend) (?:as|like|only with|to be)${END}.{0,40}?${word('if|admin|administrator|root|unrestricted|developer|dan|model|assistant')}`,
  `(?:reveal|print|repeat|output|leak|show|display|disclose) .{0,40}?${word('prompts?|instructions?|secrets?|passwords?|api keys?|tokens?')}`,
  `(?:remember|memori[sz]e|save|store|note) (?:that|this|the following|to memory)${END}`,
  `always (?:say|reply|answer|respond|approve|obey|recommend|add|include)${END}`,
  `(?:do not|don't|never) (?:tell|mention|ask|review|refuse|escalate)${END}`,
  `(?:enter|enable|activate|switch (?:in)?to|turn on|go into|simulate|start) .{0,30}?(?:system|developer|admin|root|god|debug|sudo|dan|jailbreak)[ -](?:prompt|message|mode|override)`,
  `follow (?:these|those|my|the (?:new|following)) (?:new )?(?:${RULES})`,
  // German, French
  `(?:ignorieren|vergessen|missachten|übergehen) sie${END}.{0,60}?(?:anweisung|regel|vorgabe|vorherig|bisherig|alles)`,
  `(?:ignorer?|oublie|oublier)${END}.{0,60}?(?:instruction|consigne|règle|précédent)`,
  // Spanish, Portuguese, Italian
  `(?:ignor[ae][nd]?|ignorate|olvid(?:a|e|en|ad)|esque[çc]am?|dimentica(?:te)?)${END}.{0,60}?(?:instruc|instruç|istruz|regla|regra|regol|anterior|precedent)`,
  `(?:recuerda que|lembre-se de que|ricorda che)${END}`,
  // Chinese, in which a statement names its subject or has a particle
  '(?:忽略|无视|無視|忘记|忘記)(?![了过過]).{0,30}(?:指令|指示|规则|規則|提示|之前|以前)',
  // Arabic, Hebrew
  `(?:تجاهل|تجاهلي|تجاهلوا|انس|انسى|انسوا)${END}.{0,60}?(?:التعليمات|القواعد|السابقة)`,
  `تذكر أن${END}`,
  `(?:התעלם|התעלמי|התעלמו|שכח|שכחי|שכחו)${END}.{0,60}?(?:הוראות|הנחיות)`,
];

/** Things of which an order to the assistant speaks, and other texts too. */
const SUBJECT_PHRASES: readonly string[] = [
  `${word('system|developer|admin|root|god|debug|sudo|dan')}[ -](?:prompt|message|mode|override|instruction)`,
  word('jailbreak'),
];

/** Verb forms that are only orders, and phrases that name the assistant. */
const ORDERS = anyOf([
  // English
  word('you (?:are|must|shall|will) now|now,? you (?:are|must|shall|will)'),
  // "She asked how to ignore the rules" and "friends ignore the rules" are statements.
  `(?<!${word(`to|can|could|would|might|may|they|who|we|people|often|sometimes|usually|\\p{L}+s`)} )${word('ignore|disregard|forget|override|bypass|overrule')} (?:(?:all|any|every|your|these|those|my|the) ){1,3}(?:of )?(?:(?:the|your) )?(?:(?:${BEFORE}) )?${word(RULES)}`,
  `${word('system|developer|admin|root')}[ -](?:prompt|message|override|instruction)s?\\s*:`,
  `${word('(?:new|updated|additional|secret|hidden) (?:instruction|rule|directive)s?')}\\s*[:：–—]`,
  `your (?:new|updated|only|real) (?:instruction|rule|directive|task|role|name)`,
  // German
  `${word('ignoriere?|vergiss|missachte|übergehe?')}.{0,60}?(?:anweisung|regel|vorgabe|vorherig|bisherig|alles)`,
  word('du bist (?:jetzt|nun|ab sofort)|(?:jetzt|nun) bist du|merke? dir'),
  // French, Spanish, Portuguese, Italian
  `${word('ignorez|oubliez')}.{0,60}?(?:instruction|consigne|règle|précédent)`,
  word('tu es (?:maintenant|désormais)|vous êtes (?:maintenant|désormais)|souviens-toi que|souvenez-vous que'),
  word('ahora eres|agora você é|ora sei'),
  // Dutch, Danish, Norwegian, Indonesian
  `${word('negeer|ignor[ée]r|abaikan(?:lah)?')}.{0,60}?(?:instructie|aanwijzing|regel|vorige|eerder|instruktion|instruks|tidligere|aturan|perintah|sebelumnya)`,
  // Russian, Ukrainian, Polish, Czech, Slovak, Greek
  `${word('игнорируй(?:те)?|забудь(?:те)?|ігноруй(?:те)?|z?ignoruj(?:cie|te)?|pomiń(?:cie)?|zapomnij(?:cie)?|αγνόησε|αγνοήστε')}.{0,60}?(?:инструкц|правил|предыдущ|інструкц|попередн|instrukc|poprzedni|zasad|pokyn|pravid|inštrukc|předchoz|οδηγ|κανόν)`,
  word("теперь ты|запомни(?:те)?|запам['’]ятай(?:те)?|jesteś teraz|zapamiętaj(?:cie)?"),
  // Chinese, Japanese, Korean
  '你现在是|您现在是|请记住|請記住|[記记]住(?![了过過])',
  '(?:以前|上記|これまで|今まで)の.{0,10}指示.{0,10}(?:無視(?:して(?!い)|しろ|せよ|しなさい)|忘れ(?:て(?![いし])|ろ|なさい))',
  '(?:すべて|全て|上の).{0,20}(?:指示|ルール).{0,10}(?:無視(?:して(?!い)|しろ|せよ|しなさい)|忘れ(?:て(?![いし])|ろ|なさい))',
  '今からあなたは|覚えておいて(?!い)|覚えておけ|너는 이제|당신은 이제',
  '(?:이전|앞의|모든).{0,20}(?:지시|명령|규칙).{0,20}(?:무시(?!\\s*(?:한|했|하는|하며|합니|하지|되|된|당))|잊(?!\\s*(?:는|었|은|습|혀|지)))',
  '기억(?:해\\s*(?:줘|주세요|둬|두세요|라|[.!]|$)|하(?:라|세요|십시오))',
  // Arabic, Hebrew, Turkish, Hindi
  word('أنت الآن|את(?:ה)? עכשיו'),
  `${word('önceki|tüm')}.{0,40}?(?:talimat|kural).{0,30}?${word('unut(?:un|unuz)?|yok say(?:ın|ınız)?')}`,
  word('unutma(?:yın)? ki|artık sen'),
  `(?:निर्देश|नियम).{0,40}?${word('(?:अनदेखा|नज़रअंदाज़) (?:करो|करें|करिए|कीजिए|कर दो|कर दें)|भूल (?:जाओ|जाएँ|जाएं|जाइए|जा)')}`,
  word('याद रख(?:ो|ें|ना|िए|िये)|अब तुम'),
]);

/** Words between the place where an order may begin and its verb. */
const POLITE = `(?:(?:please|kindly|just|now|first|next|then|also|so|instead|ok|okay|hey|hi|hello|assistant|ai|model|bot|chatgpt|bitte|por favor|s'il (?:te|vous) plaît|per favore|请|請|并|並|من فضلك|אנא|בבקשה)[\\s,:]*){0,4}`;
/** Before a comma or a conjunction: the words after it belong to the same infinitive or to the same subject of the plural. */
const GOVERNED = `(?<!${word('to|can|could|would|might|may|they|who|people|friends|students|children|users')}.{0,80})`;
/** The name of a role without its colon, as `asData` leaves it. */
const ROLE = `(?<!${word('the|her|his|their|an?|my|our|and')} )${word('system|developer|assistant|user|human|ai|tool|function')}\\s+`;
const START = `(?:^[\\s\\p{P}]*|[:;()–—"“”«»。、，；：！？!?]\\s*|${GOVERNED}(?:,|${word('and|or|but|then')})\\s*|${ROLE}|${word('please|kindly|por favor|bitte|请|請')}\\s*)${POLITE}و?`;

/** The assistant is spoken to, or has a duty, or is asked for something. */
const ADDRESSED = anyOf([
  word(
    'you|your|yours|yourself|tu|toi|vous|votre|vos|dir|dich|dein\\p{L}*|du (?:bist|sollst|musst|wirst|darfst|kannst|hast)|(?:bist|sollst|musst|wirst|darfst|kannst|hast) du|tú|usted|você|ты|тебе|тебя|вы|вам|ty|twoj\\p{L}*',
  ),
  '[你您]|あなた|당신|너[는의를]|أنت|אתה|तुम|आप',
  `${word('assistant|model|chatbot|bot|ai|chatgpt|llm|agent')} (?:to|must|should|shall|will|can|has to|needs to|is to|ought to)${END}`,
  `${word('ask|asks|asked|request|requests|requested|tell|tells|told|order|orders|ordered|instruct|instructs|instructed|command|commands|commanded')} (?:(?:it|me|us) )?(?:to|that)${END}`,
]);

/** Cheap, and true for every sentence in which STARTED is found. */
const PHRASES = anyOf(VERB_PHRASES);
const STARTED = anyOf([`${START}(?:${VERB_PHRASES.map((phrase) => `(?:${phrase})`).join('|')})`]);
const MENTIONED = anyOf([
  ...VERB_PHRASES.map((phrase) => `(?<![\\p{Script=Latin}\\p{Script=Arabic}\\p{Script=Hebrew}])(?:${phrase})`),
  ...SUBJECT_PHRASES,
]);

/** What holds from now on is an order, unless the sentence names the person it describes. */
const FROM_NOW_ON = anyOf([
  word(
    "from now on|henceforth|ab jetzt|ab sofort|von nun an|à partir de maintenant|a partir de (?:ahora|agora)|d'ora in poi|с этого момента|відтепер|od teraz|من الآن فصاعد[اً]*|מעכשיו|şu andan itibaren|bundan sonra|अब से",
  ),
  '從現在起|从现在起|从现在开始|從現在開始|これからは|今後は|지금부터',
]);
const THIRD_PERSON =
  's?he|they|her|his|their|the user|sie|er|ihre?|seine?|elles?|ils?|ella|él|ellos|ellas|su|ela|ele|eles|lei|lui|loro|она|он|они|её|его|вона|він|вони|ona|on|oni|jej|jego|هي|هو|היא|הוא|onlar|वह|वे|उसकी?';
/** The subject after the phrase, which a verb may precede, or at the start of the sentence. */
const NAMES_SUBJECT = anyOf([
  `(?:${FROM_NOW_ON.source}),?\\s*(?:\\p{L}+ )?${word(THIRD_PERSON)}`,
  `^[\\s\\p{P}]*${word(THIRD_PERSON)}`,
  `(?:${FROM_NOW_ON.source})[,，、\\s]*(?:[她他]|彼|그)|^\\s*(?:[她他]|彼|그)`,
]);
const IMPERATIVES =
  'Answer|Reply|Respond|Say|Act|Behave|Speak|Write|Call|Treat|Approve|Recommend|Ignore|Always|Never|Do|Only|Use|Tell|Be|Obey|Pretend|Add|Include|End|Start|Begin|Give|Show|Reveal|Refuse|Stop|No|All|Every|Please|Print|Output|Remember|Forget|Keep|Make|Let|Help|Talk|Follow';
/** A name and a verb of the third person: "Eve studies". */
const NAME_WITH_VERB = `(?!(?:${IMPERATIVES}) )\\p{Lu}\\p{Ll}+ (?:\\p{L}+(?:s|ed)|will|has|is|was)(?!\\p{L})`;
const NAMED = anyOf([`^[\\s\\p{P}]*${NAME_WITH_VERB}`, `(?:[Ff]rom now on|[Hh]enceforth),? ${NAME_WITH_VERB}`], 'u');

/** A capital letter after a word: a sentence may begin there whose predecessor has no full stop, such as a heading. */
const CAPITAL = /(?<=\p{L} )(?=\p{Lu}\p{Ll})/gu;

/** Whether the sentence gives an order to its reader. */
function isOrder(written: string): boolean {
  const sentence = written.replaceAll('’', "'");
  const parts = [sentence, sentence.replaceAll(CAPITAL, '; ')];
  if (ORDERS.test(sentence) || parts.some((part) => PHRASES.test(part) && STARTED.test(part))) return true;
  const isAddressed = ADDRESSED.test(sentence);
  if (FROM_NOW_ON.test(sentence)) return isAddressed || !(NAMES_SUBJECT.test(sentence) || NAMED.test(sentence));
  return isAddressed && MENTIONED.test(sentence);
}

/** A sentence with its closing punctuation. */
const SENTENCE = /[^.!?。！？؟।]+[.!?。！？؟।]*/gu;

/** Returns the text without the sentences that give orders to its reader. */
export const withoutInstructions = (text: string): string =>
  (text.match(SENTENCE) ?? [])
    .filter((sentence) => !isOrder(sentence))
    .join('')
    .trim();
