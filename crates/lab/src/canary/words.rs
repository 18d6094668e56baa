//! The canaries themselves, and the names of devices that stand beside them.

use super::Canary;

macro_rules! canaries {
    ($($field:ident: $text:literal, $meaning:literal;)*) => {
        /// The canaries, by what they are.
        #[derive(Debug, Clone, Copy)]
        pub struct Canaries {
            $(#[doc = $meaning] pub $field: &'static str,)*
        }

        /// The values of the canaries.
        pub const CANARIES: Canaries = Canaries { $($field: $text,)* };

        impl Canaries {
            /// Each canary with its name.
            pub fn all(&self) -> impl Iterator<Item = Canary> + use<> {
                [$(Canary { name: stringify!($field), text: self.$field },)*].into_iter()
            }
        }
    };
}

canaries! {
    family: "Zwiebelkanarius", "Family name of the patient.";
    given: "Quendolinexia", "Given name.";
    middle: "Oxtrapetronia", "Second given name.";
    maiden: "Vlindermoederix", "Mother's maiden name.";
    umlauts: "Müßiggängerßohn", "A name beyond ASCII, sent in Latin-1 and UTF-8.";
    kanji: "カナリア山田太郎左衛門丞", "A name in Japanese, sent in UTF-8.";
    jis: "%+%J%j%\";3EEB@O:Mt", "A name as the bytes of ISO 2022-JP between its escapes.";
    born: "19231117042317", "Date and time of birth; some protocols have only the date, its first eight digits.";
    born_on: "1923-11-17", "Date of birth in the extended form.";
    record: "MRN-7741903582-KX", "Medical record number.";
    visit: "VN-5530917726-QJ", "Visit number.";
    social: "987-65-4329", "Social security number.";
    account: "ACCT-6620418857", "Patient account number.";
    street: "Xylofonweg 8812 Hinterhaus", "Street of the address.";
    town: "Wolkenkuckucksheim", "Town of the address.";
    phone: "+49-8855-6644-7719", "Telephone number.";
    mail: "post.box.3317@vogelnest.kanari", "Mail address.";
    insured: "A-774-201-995-K", "Number at the insurer.";
    employer: "Papageienwerke Nord", "Employer.";
    kin: "Hyazinthara Gimpelfried", "Next of kin.";
    guarantor: "Bartholomaios Dompfaffer", "Who pays.";
    placer: "PLC-3391-7756-2210", "Order number of who ordered.";
    filler: "FIL-8820-1194-6673", "Order number of who fills the order.";
    accession: "ACC-40229-9917", "Accession number.";
    study: "STUDYID-5588-041", "Study id.";
    specimen: "SPEC-6617-2290-31", "Specimen id.";
    referring: "Thaddaeuszwick Rotkehlchen", "Referring physician.";
    attending: "Immergruensky Zaunkoenig", "Attending physician.";
    reading: "Ottokaricus Wiedehopf", "Who reads the images.";
    operator: "Veneratrix Steinschmaetz", "Who operates the device.";
    login: "vsteinadler-rad", "A member of staff's log-in name.";
    windows: "z.rohrammerich", "A member of staff's log-in name at Windows.";
    digest: "d1gest-benutzer-4410", "A log-in name in HTTP digest authentication.";
    netbios: "KLARABUSSARDX", "A log-in name as NetBIOS name.";
    password: "Tr0ub4dor&3-Kanarie!", "A password of the web.";
    passcode: "dcm-Passw0rd-8814-xy", "A passcode of DICOM user identity.";
    cleartext: "Smb1-Klartext-5512", "A password of SMB 1 in clear.";
    access: "astm-Zugang-6614-pw", "An access password of analysers and interfaces.";
    jwt: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrYW5hcmllbnZvZ2VsIn0.c2lnLTU1OTE3NzQy", "A JSON web token.";
    bearer: "tok_live_5fK29xQpLm77ZtRw0", "A bearer token.";
    cookie: "sess-9917ABF2C3D4E5F6-kan", "A session cookie.";
    key: "apikey-4471-LmnoPq-8823", "A key of an interface.";
    community: "c0mmun1ty-Geheim-42", "A community string to read with.";
    writing: "wr1te-Schluessel-77", "A community string to write with.";
    usm: "snmpV3-nutzerin-kx", "A user of SNMP version 3.";
    contact: "Hausmeisterin Goldregenpfeifer", "Whom a device names as its contact.";
    diagnosis: "Kanarienfieber Stadium IVb", "A diagnosis.";
    allergy: "Federallergie schwerst", "An allergy.";
    remark: "Herr Sperberwaldinger klagt ueber Federn", "Free text that names the patient.";
    result: "Befundtext Nachtigallenhofer", "A result in words.";
    faith: "Ornithologische Gemeinde", "Religion.";
    share: "Akten-Neuntoeterin$", "A shared folder named after a patient.";
    file: "Befund_Schleiereulenhof.pdf", "A file named after a patient.";
    content: "Akteninhalt Uferschnepfling", "Content of a file.";
    search: "Haubentaucherova", "What was searched for.";
    upload: "Aufnahme_Kolkrabenstein.dcm", "Name of a file sent up.";
    phone_owner: "Philomenatraude", "Whose telephone it is.";
    computer_owner: "Birkenzeisig", "Whose computer it is.";
    titled: "Kernbeisserova, Theodolinde", "A patient in the title of a page.";
}

/// Names of patients too short to be found as canaries are; lines of free text of HL7 messages are so.
pub const SHORT_NAMES: [&str; 3] = ["QXJ", "ZKW", "JQV"];

/// Names of devices in the same conversations: they must be found, or nothing was read at all.
pub const CAGES: [&str; 8] = [DICOM_CAGE, STATION_CAGE, HL7_CAGE, ASTM_CAGE, SDC_CAGE, SNMP_CAGE, SMB_CAGE, WEB_CAGE];

pub(super) const DICOM_CAGE: &str = "CAGE_CT_AE";
pub(super) const STATION_CAGE: &str = "CT-STATION-7319";
pub(super) const HL7_CAGE: &str = "CAGEMONITOR";
pub(super) const ASTM_CAGE: &str = "CageCounter";
pub(super) const SDC_CAGE: &str = "Cage Ventilator 8";
pub(super) const SNMP_CAGE: &str = "icu-switch-7744";
pub(super) const SMB_CAGE: &str = "SERVER-7755";
pub(super) const WEB_CAGE: &str = "CageWeb/4.2";
