// Removes sentences from a text that give instructions to a model instead of describing a user. No I/O.

/** Phrases that occur in such sentences, in the most common languages. This is a second line of defence: a sentence
 *  that is not found here is still data between delimiters. The gaps in the patterns are bounded, so that the time
 *  grows linearly with the length of the text. */
const INSTRUCTIONS: readonly RegExp[] = [
  // English
  /\b(?:ignore|disregard|forget|override|bypass|overrule)\b.{0,60}\b(?:instruction|rule|prompt|guideline|polic|everything|above|previous)/iu,
  /\b(?:system|developer|admin|root|god|debug|sudo|dan)[ -](?:prompt|message|mode|override|instruction)/iu,
  /\b(?:you (?:are|must|shall|will) now|from now on|henceforth|new (?:instruction|rule|directive)s?|jailbreak)\b/iu,
  /\b(?:act|behave|respond|reply|answer|speak|pretend) (?:as|like|only with|to be)\b.{0,40}\b(?:if|admin|root|unrestricted|developer|dan|model|assistant)/iu,
  /\b(?:reveal|print|repeat|output|leak|show)\b.{0,40}\b(?:prompt|instruction|secret|password|api key|token)/iu,
  /\b(?:remember|memori[sz]e|save|store|note) (?:that|this|the following|to memory)\b/iu,
  /\balways (?:say|reply|answer|respond|approve|obey|recommend|add|include)\b|\b(?:do not|don't|never) (?:tell|mention|ask|review|refuse|escalate)\b/iu,
  // German
  /(?:ignoriere?|vergiss|missachte|übergehe?)(?!\p{L}).{0,60}(?:anweisung|regel|vorgabe|vorherig|bisherig|alles)/iu,
  /(?<!\p{L})(?:du bist (?:jetzt|nun|ab sofort)|ab (?:jetzt|sofort)|von nun an|merke? dir)(?!\p{L})/iu,
  // French
  /(?<!\p{L})(?:ignore[rz]?|oublie[rz]?).{0,60}(?:instruction|consigne|règle|précédent)/iu,
  /(?<!\p{L})(?:tu es (?:maintenant|désormais)|vous êtes (?:maintenant|désormais)|à partir de maintenant|souviens-toi que)/iu,
  // Spanish, Portuguese, Italian
  /(?<!\p{L})(?:ignor[ae]|olvida|esque[çc]a|dimentica).{0,60}(?:instruc|instruç|istruz|regla|regra|regol|anterior|precedent)/iu,
  /(?<!\p{L})(?:ahora eres|agora você é|ora sei|a partir de (?:ahora|agora)|d'ora in poi|recuerda que|lembre-se de que|ricorda che)/iu,
  // Russian, Ukrainian, Polish
  /(?:игнорируй|забудь|ігноруй|zignoruj|zapomnij).{0,60}(?:инструкц|правил|предыдущ|інструкц|попередн|instrukcj|poprzedni|zasad)/iu,
  /(?:теперь ты|с этого момента|запомни|od teraz|jesteś teraz|zapamiętaj)/iu,
  // Chinese, Japanese, Korean
  /(?:忽略|无视|無視|忘记|忘記|忘れ).{0,30}(?:指令|指示|规则|規則|提示|之前|以前|上の|すべて)|(?:以前|上記|これまで)の.{0,10}指示.{0,10}(?:無視|忘れ)/u,
  /(?:你现在是|從現在起|从现在起|从现在开始|请记住|記住|今からあなたは|これからは|覚えておいて|지금부터|너는 이제|기억해)/u,
  /(?:이전|앞의|모든).{0,20}(?:지시|명령|규칙).{0,20}(?:무시|잊)/u,
  // Arabic, Hebrew, Turkish, Hindi
  /(?:تجاهل|انس).{0,60}(?:التعليمات|القواعد|السابقة)|من الآن فصاعد|أنت الآن|تذكر أن/u,
  /(?:התעלם|שכח).{0,60}(?:הוראות|הנחיות)|מעכשיו|(?:önceki|tüm).{0,40}(?:talimat|kural).{0,30}(?:unut|yok say)|şu andan itibaren|bundan sonra|unutma ki/iu,
  /(?:निर्देश|नियम).{0,40}(?:अनदेखा|भूल|नज़रअंदाज़)|अब से|याद रख/u,
];

/** A sentence with its closing punctuation. */
const SENTENCE = /[^.!?。！？؟।]+[.!?。！？؟।]*/gu;

/** Returns the text without the sentences that give instructions to its reader. */
export const withoutInstructions = (text: string): string =>
  (text.match(SENTENCE) ?? [])
    .filter((sentence) => !INSTRUCTIONS.some((instruction) => instruction.test(sentence)))
    .join('')
    .trim();
