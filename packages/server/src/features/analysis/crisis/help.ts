import type { Analysis } from '@dreamscape/protocol/analysis'

/** A directory of helplines of the whole world, kept up by others; numbers of our own would be wrong somewhere, some day. */
const directory = 'https://findahelpline.com'

type Help = { text: string; resource: string }

const english: Help = {
  text: `Thank you for writing this down. It sounds as if you are carrying something very heavy, or are not safe right now, and that matters more than what a dream means. You do not have to be alone with it. Please talk to somebody now: a person you trust, or a helpline near you, which you find at ${directory}, free and in confidence. If you or somebody else may be in danger at this moment, call the emergency services where you are, or go where people can stay with you.`,
  resource: 'Find A Helpline: free, confidential helplines in your country',
}

const helps: Readonly<Record<string, Help>> = {
  en: english,
  es: {
    text: `Gracias por escribirlo. Parece que llevas algo muy pesado, o que ahora mismo no estás a salvo, y eso importa más que el significado de un sueño. No tienes que estar a solas con ello. Por favor, habla ahora con alguien: una persona de confianza o una línea de ayuda cerca de ti, que encuentras en ${directory}, gratis y en confianza. Si tú u otra persona puede estar en peligro en este momento, llama a los servicios de emergencia de donde estés o ve a un lugar donde haya alguien contigo.`,
    resource: 'Find A Helpline: líneas de ayuda gratuitas y confidenciales en tu país',
  },
  fr: {
    text: `Merci de l'avoir écrit. On dirait que tu portes quelque chose de très lourd, ou que tu n'es pas en sécurité en ce moment, et cela compte plus que le sens d'un rêve. Tu n'as pas à rester seul·e avec cela. Parle maintenant à quelqu'un, s'il te plaît : une personne de confiance, ou une ligne d'écoute près de chez toi, que tu trouves sur ${directory}, gratuite et confidentielle. Si toi ou quelqu'un d'autre êtes peut-être en danger en ce moment, appelle les services d'urgence là où tu es, ou va là où quelqu'un peut rester avec toi.`,
    resource: "Find A Helpline : lignes d'écoute gratuites et confidentielles dans ton pays",
  },
  de: {
    text: `Danke, dass du das aufgeschrieben hast. Es klingt, als würdest du etwas sehr Schweres tragen oder wärst gerade nicht in Sicherheit, und das ist wichtiger als die Bedeutung eines Traums. Du musst damit nicht allein sein. Bitte sprich jetzt mit jemandem: mit einem Menschen, dem du vertraust, oder mit einer Hilfe am Telefon in deiner Nähe; du findest sie auf ${directory}, kostenlos und vertraulich. Wenn du oder jemand anderes in diesem Augenblick in Gefahr sein könnte, ruf den Notruf dort, wo du bist, oder geh dorthin, wo jemand bei dir bleiben kann.`,
    resource: 'Find A Helpline: kostenlose, vertrauliche Hilfe in deinem Land',
  },
  pl: {
    text: `Dziękujemy, że o tym piszesz. Wygląda na to, że niesiesz coś bardzo ciężkiego albo nie jesteś teraz w bezpiecznym miejscu, a to jest ważniejsze niż znaczenie snu. Nie musisz być z tym w samotności. Porozmawiaj teraz z kimś, proszę: z osobą, której ufasz, albo z telefonem pomocowym w pobliżu; znajdziesz go na ${directory}, bezpłatnie i w zaufaniu. Jeśli tobie lub komuś innemu coś teraz grozi, zadzwoń po służby ratunkowe tam, gdzie jesteś, albo idź tam, gdzie ktoś może przy tobie zostać.`,
    resource: 'Find A Helpline: bezpłatne, poufne telefony pomocowe w twoim kraju',
  },
  pt: {
    text: `Obrigado por escrever isto. Parece que você carrega algo muito pesado, ou que não está em segurança agora, e isso importa mais do que o significado de um sonho. Você não precisa ficar a sós com isso. Por favor, fale agora com alguém: uma pessoa de confiança ou uma linha de apoio perto de você, que se encontra em ${directory}, gratuita e confidencial. Se você ou outra pessoa pode estar em perigo neste momento, ligue para os serviços de emergência de onde estiver ou vá para onde alguém possa ficar com você.`,
    resource: 'Find A Helpline: linhas de apoio gratuitas e confidenciais no seu país',
  },
  zh: {
    text: `谢谢你把这些写下来。听起来你正承受着很沉重的东西，或者此刻并不安全，这比一个梦的含义重要得多。你不必独自面对。请现在就和人说说：一个你信任的人，或者你身边的求助热线，可以在 ${directory} 找到，免费而且保密。如果你或别人此刻可能有危险，请联系当地的急救或报警服务，或者去一个有人能陪着你的地方。`,
    resource: 'Find A Helpline：你所在国家的免费保密求助热线',
  },
  hi: {
    text: `यह लिखने के लिए धन्यवाद। लगता है कि आप बहुत भारी बोझ उठा रहे हैं, या इस समय सुरक्षित नहीं हैं, और यह किसी सपने के अर्थ से कहीं ज़्यादा मायने रखता है। आपको इसके साथ अकेले रहने की ज़रूरत नहीं है। कृपया अभी किसी से बात करें: कोई जिस पर आपको भरोसा हो, या आपके पास की कोई हेल्पलाइन, जो ${directory} पर मिलती है, मुफ़्त और गोपनीय। अगर आप या कोई और इस समय ख़तरे में हो सकता है, तो जहाँ आप हैं वहाँ की आपातकालीन सेवा को फ़ोन करें, या ऐसी जगह जाएँ जहाँ कोई आपके साथ रह सके।`,
    resource: 'Find A Helpline: आपके देश की मुफ़्त, गोपनीय हेल्पलाइन',
  },
}

/** Help in the form of an analysis, in this language or else in English. */
export function crisisHelp(language: string): Analysis {
  const [primary = ''] = language.toLowerCase().split('-')
  const { text, resource } = helps[primary] ?? english
  return {
    interpretation: text,
    symbols: [],
    emotions: [],
    insights: [],
    safety: { flag: 'crisis', resources: [{ name: resource, url: directory }] },
  }
}
